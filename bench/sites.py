"""What the benches of labs work on: engines, a Nomad agent, and sites with a scheduler, all of their own.

The engines and the agent are those of the tests, so that `make bench` needs nothing that runs already.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from flask import Flask

from backends import Backend
from backends.makers import make_backend
from config import ROOT, Settings
from core import create_core
from extensions import db
from models import Course, Enrolment, Lab, Module, User, utcnow
from tests.engines import Engines, running_engines, site_settings
from tests.nomad.agents import Cluster
from tests.nomad.configuration import Options

END_S = 20.0
LOOK_S = 0.05


@dataclass
class Ground:
    """Engines and a cluster that several sites share."""

    engines: Engines
    nomad: Cluster

    @contextlib.contextmanager
    def site(self, name: str, **changes: Any) -> Iterator["Site"]:
        """Make an empty site on a database of its own, an instance of its own on the cluster; end its jobs with it."""
        var = self.engines.folder / name
        var.mkdir()
        on_nomad = {"lab_backend": "nomad", "nomad_addr": [self.nomad.url], "instance": f"bench-{name}"}
        address, redis_url = self.engines.copy(f"bench_{name}"), self.engines.redis_url("")
        settings = site_settings(address, redis_url, var, is_demo=False, **on_nomad, **changes)
        backend = make_backend(settings)
        assert backend is not None
        site = Site(settings, create_core(settings, "bench"), backend)
        try:
            yield site
        finally:
            for job in backend.observe():
                backend.stop(job.job_id)
            backend.close()
            with site.app.app_context():
                db.engine.dispose()


@dataclass
class Site:
    """An empty site: its settings, an app to arrange and look with, and its backend."""

    settings: Settings
    app: Flask
    backend: Backend

    @contextlib.contextmanager
    def scheduler(self) -> Iterator["subprocess.Popen[bytes]"]:
        """Run the product's own scheduler."""
        settings = self.settings
        environ = {
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
            "DATABASE_URL": settings.database_url,
            "REDIS_URL": settings.redis_url,
            "SECRET_KEY": settings.secret_key,
            "PUBLIC_URL": settings.public_url,
            "YURT_VAR": str(settings.var_dir),
            "YURT_INSTANCE": settings.instance,
            "LAB_BACKEND": "nomad",
            "LAB_LIMIT_TOTAL": str(settings.lab_limit_total),
            "NOMAD_ADDR": ",".join(settings.nomad_addr),
            "LOG_FORMAT": "json",
        }
        with (settings.var_dir / "scheduler.log").open("ab") as log:
            command = [sys.executable, "-m", "scheduler"]
            process = subprocess.Popen(command, cwd=ROOT, env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def said(self) -> str:
        """Return the end of what the scheduler said."""
        path = self.settings.var_dir / "scheduler.log"
        return path.read_text(errors="replace")[-2000:] if path.exists() else ""

    def arrange(self, students: int, **definition: Any) -> tuple[list[int], int]:
        """Make a course with one lab and a class; return the students' and the lab's IDs."""
        with self.app.app_context():
            mark = uuid.uuid4().hex[:6]
            course = Course(slug=f"bench-{mark}", title="Bench", is_published=True)
            module = Module(course=course, slug="one", title="One", position=1)
            lab = Lab(course=course, module=module, slug="lab", title="Lab", position=1, **definition)
            users = [_user(f"s{number}-{mark}") for number in range(students)]
            db.session.add_all([course, module, lab, *users])
            db.session.flush()
            db.session.add_all(Enrolment(course_id=course.id, user_id=user.id, role="student") for user in users)
            db.session.commit()
            return [user.id for user in users], lab.id


def at_work(scheduler: "subprocess.Popen[bytes]") -> psutil.Process:
    """Return the process that does the work of a scheduler, the child of the one that was started."""
    parent = psutil.Process(scheduler.pid)
    while True:
        for child in parent.children():
            with contextlib.suppress(psutil.Error):
                if child.cmdline() == parent.cmdline():
                    return child
        time.sleep(LOOK_S)


def _user(name: str) -> User:
    return User(
        handle=name,
        display_name=name,
        email=f"{name}@example.org",
        password="",
        fs_uniquifier=name,
        active=True,
        confirmed_at=utcnow(),
    )


@contextlib.contextmanager
def ground() -> Iterator[Ground]:
    """Start the engines and one Nomad server with one client; end them and everything on them."""
    with running_engines() as engines:
        # Students of labs reach their homes below it.
        engines.folder.chmod(0o711)
        nomad = Cluster.make(Path(engines.folder) / "nomad-bench", Options())
        try:
            nomad.start()
            yield Ground(engines, nomad)
        finally:
            nomad.end()
