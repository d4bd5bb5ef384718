"""What the speed benches run on: a whole Yurt as `make run` starts it, its data, and bare Flask behind its own door."""

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from flask import Flask

from app import create_app
from bench.speed.people import Student, arrange
from cli.door import door_program, upstream
from cli.here import environ_of
from config import ROOT, load_settings
from extensions import db
from models import utcnow
from services.leaderboards import points
from tests.run.sites import RunningSite
from tests.sites import free_port, wait_for_page

END_S = 10.0


@dataclass
class Ground:
    """A Yurt with its course and students, and bare Flask: both by their addresses."""

    folder: Path
    site: RunningSite
    url: str
    bare_url: str
    app: Flask
    course_id: int
    students: list[Student]
    workers: int

    @contextlib.contextmanager
    def changing_board(self) -> Iterator[None]:
        """Award points once a second, so that whatever is kept of the board goes stale."""
        is_over = threading.Event()

        def change() -> None:
            number = 0
            while not is_over.wait(1.0):
                number += 1
                student = self.students[number * 37 % len(self.students)]
                with self.app.app_context():
                    points.award(
                        user_id=student.id,
                        course_id=self.course_id,
                        source=f"bench:{time.time_ns()}",
                        kind="lesson",
                        points=3,
                        now=utcnow(),
                    )
                    db.session.commit()

        thread = threading.Thread(target=change, daemon=True)
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join()


@contextlib.contextmanager
def ground(folder: Path, *, students: int, events: int, workers: int, port: int | None = None) -> Iterator[Ground]:
    """Start all of it, and end it."""
    folder.chmod(0o711)  # As root, PostgreSQL is another user, who has to get through.
    own = {"WEB_CONCURRENCY": str(workers), "LOG_LEVEL": "INFO", "LOG_FORMAT": "json", "LAB_BACKEND": "local"}
    with RunningSite(folder / "var", port=port, **own) as site:
        print(f"Starting a Yurt on {site.url} ...", flush=True)
        site.wait_until_ready()
        os.environ.update(environ_of(folder / "var"))
        os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
        os.environ["YURT_VAR"] = str(folder / "var")
        app = create_app(load_settings(log_level="WARNING"), "bench")
        print(f"Making {students} students and {events} events ...", flush=True)
        course_id, made = arrange(app, folder / "course", students, events)
        bare = folder / "bare"
        bare.mkdir()
        yield Ground(folder, site, site.url, "", app, course_id, made, workers)
        with app.app_context():
            db.engine.dispose()
        site.end()


@contextlib.contextmanager
def bare_flask(at: Ground) -> Iterator[None]:
    """Run bare Flask on what the folder `bare` has by now, behind the site's own kind of door."""
    folder, port = at.folder / "bare", free_port()
    command = [sys.executable, "-m", "bench.speed.bare", str(folder), "--workers", str(at.workers)]
    settings = at.app.extensions["yurt"].model_copy(update={"port": port, "bind": "127.0.0.1"})
    socket = upstream(f"unix:{folder / 'bare.sock'}")
    door = door_program(settings, web=socket, gateway=socket, home=folder / "caddy")
    with (folder / "log").open("wb") as log:
        processes = [
            subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log),
            subprocess.Popen(door.command, cwd=door.folder, env=dict(door.environ or {}), stdout=log, stderr=log),
        ]
    try:
        at.bare_url = f"http://127.0.0.1:{port}"
        wait_for_page(f"{at.bare_url}/board.json")
        yield
    finally:
        for process in processes:
            process.terminate()
            process.wait(END_S)
