"""The running product for tests: the Procfile's processes as children, on the shared engines."""

import contextlib
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from flask import Flask
from honcho.environ import parse_procfile
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from app import create_app
from backends.local import LocalBackend
from cli import processes
from config import ROOT, Settings
from extensions import db

START_S = 60.0
# A test that waits for longer waits for something that hangs: no machine is so slow.
PATIENCE_S = 60.0
END_S = 15.0


@dataclass
class LiveSite:
    """A site that runs: its address, its processes, and an app on the same database to arrange and look with."""

    url: str
    settings: Settings
    app: Flask
    environ: Mapping[str, str]
    log: Path
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    # What migrations wrote, which stays.
    first_tables: frozenset[str] = frozenset()

    def start(self, name: str) -> None:
        """Start a process of the Procfile."""
        command = parse_procfile((ROOT / "Procfile").read_text()).processes[name]
        arguments = [sys.executable if part == "python" else part for part in shlex.split(command)]
        with self.log.open("ab") as log:
            self.processes[name] = subprocess.Popen(
                arguments, cwd=ROOT, env=dict(self.environ), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def kill(self, name: str, number: int = signal.SIGKILL) -> None:
        """Send the process a signal and wait until it has ended."""
        process = self.processes.pop(name)
        if number == signal.SIGKILL and name == "scheduler":
            kill_with_children(process)
        else:
            process.send_signal(number)
        process.wait(END_S)

    def end(self) -> None:
        """End every process, the labs' too."""
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._stop_labs()

    def reset(self) -> None:
        """Empty the site, whose processes go on: no person, no course, no lab, no session, no mail.

        Numbers of rows aren't given out again, so what a process remembers of a row that is gone fits no other.
        """
        with self.app.app_context():
            names = [table.name for table in db.metadata.sorted_tables if table.name not in self.first_tables]
            _truncate(names)
        self._stop_labs()
        self.app.extensions["yurt_redis"].flushdb()
        shutil.rmtree(self.settings.var_dir / "mail", ignore_errors=True)

    def _stop_labs(self) -> None:
        if self.environ.get("LAB_BACKEND") == "local":
            LocalBackend(self.settings.var_dir).stop_all()


@contextlib.contextmanager
def running_site(settings: Settings, environ: Mapping[str, str]) -> Iterator[LiveSite]:
    """Start web and scheduler on a migrated database, and end them."""
    url = environ.get("PUBLIC_URL", "http://127.0.0.1:{port}").format(port=settings.port)
    values = {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "SECRET_KEY": settings.secret_key,
        "PORT": str(settings.port),
        "BIND": "127.0.0.1",
        "YURT_VAR": str(settings.var_dir),
        "YURT_INSTANCE": settings.instance,
        "YURT_DEMO": "true",
        "LAB_BACKEND": "local",
        "LAB_LOCAL_ACCEPT_RISK": "true",
        "WEB_CONCURRENCY": "2",
        "LOG_FORMAT": "json",
    }
    log = settings.var_dir / "site.log"
    app = create_app(settings)
    app.extensions["yurt_redis"].flushdb()
    site = LiveSite(url, settings, app, {**os.environ, **values, **environ, "PUBLIC_URL": url}, log)
    with app.app_context():
        tables = db.metadata.sorted_tables
        site.first_tables = frozenset(
            table.name for table in tables if db.session.execute(select(1).select_from(table).limit(1)).first()
        )
        db.session.rollback()
    try:
        site.start("web")
        site.start("scheduler")
        wait_for_page(f"{url}/healthz", lambda: log.read_text(errors="replace"))
        yield site
    finally:
        site.end()
        with app.app_context():
            db.engine.dispose()


def _truncate(names: list[str]) -> None:
    """Empty the tables; where a tick of the site stands in the way, again."""
    tables = ", ".join(f'"{name}"' for name in names)
    for is_last in (False, False, False, True):
        try:
            db.session.execute(text(f"TRUNCATE {tables}"))
            db.session.commit()
            return
        except OperationalError:
            db.session.rollback()
            if is_last:
                raise


def kill_with_children(process: "subprocess.Popen[bytes]") -> None:
    """Kill a process, and then what it started, before that notices; wait until all are gone."""
    children = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    process.kill()
    processes.end([child.pid for child in children], within=END_S, first=signal.SIGKILL)
    process.wait(END_S)


def wait_for_page(url: str, explain: Callable[[], str] = str, within: float = START_S) -> None:
    """Wait until the address answers 200."""
    until(lambda: answers(url), within, lambda: f"{url} doesn't answer\n{explain()}")


def until(condition: Callable[[], bool], within: float = PATIENCE_S, explain: Callable[[], str] = str) -> None:
    """Wait until the condition holds; fail with the explanation when the time is over."""
    deadline = time.monotonic() + within
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"not within {within} s: {explain()}"
        pause.wait(0.05)


def answers(url: str) -> bool:
    """Say whether the address answers 200 now."""
    with (
        contextlib.suppress(urllib.error.URLError, OSError),
        urllib.request.urlopen(url, timeout=5) as response,
    ):
        return bool(response.status == 200)
    return False


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
