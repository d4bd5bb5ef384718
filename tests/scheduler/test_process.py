"""The scheduler as a process: killed at the worst moment, without its engines, asked to end."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from backends.local import LocalBackend
from config import ROOT, Settings
from extensions import db as database
from models import CheckRun, LabSession, Mail, utcnow
from models.lab_session import ENDED, RUNNING, STARTING
from services.labs import checks, lifecycle
from services.quizzes import attempts
from tests.factories import Cast, make_cast
from tests.sites import kill_with_children

pytestmark = pytest.mark.long

WITHIN_S = 40.0
TICKS = {b"attempts", b"mail", b"starts", b"stops", b"checks", b"idleness", b"reconcile", b"saves", b"usage"}

# A scheduler that kills itself, as SIGKILL does, between its claim and the backend's start.
KILLED = """
import os, signal
from config import load_settings
from core import create_core
from backends.local import LocalBackend
from scheduler.ticks.starts import starter
from services.capacity.order import Limits

class Killed(LocalBackend):
    def start(self, spec):
        os.kill(os.getpid(), signal.SIGKILL)

settings = load_settings()
with create_core(settings, "scheduler").app_context():
    starter(settings, Killed(settings.var_dir), Limits(50, 2))()
"""


def environ(settings: Settings, **changes: str) -> dict[str, str]:
    values = {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "SECRET_KEY": settings.secret_key,
        "YURT_VAR": str(settings.var_dir),
        "YURT_INSTANCE": settings.instance,
        "LAB_BACKEND": "local",
        "LAB_LOCAL_ACCEPT_RISK": "true",
        "LOG_FORMAT": "json",
    }
    return {**os.environ, **values, **changes}


@contextmanager
def scheduler(settings: Settings, log: Path, **changes: str) -> Iterator["subprocess.Popen[bytes]"]:
    with log.open("ab") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "scheduler"], cwd=ROOT, env=environ(settings, **changes), stderr=file
        )
    try:
        yield process
    finally:
        kill_with_children(process)


def eventually(condition: Callable[[], Any], explain: Path, within: float = WITHIN_S) -> Any:
    deadline = time.monotonic() + within
    while not (found := condition()):
        database.session.rollback()
        assert time.monotonic() < deadline, explain.read_text(errors="replace")[-4000:]
        threading.Event().wait(0.1)
    return found


@pytest.fixture
def site(committed_db: Any) -> Iterator[Any]:
    """A database with the cast, and its app's context."""
    with committed_db.app.app_context():
        try:
            yield committed_db
        finally:
            database.session.remove()
            LocalBackend(committed_db.settings.var_dir).stop_all()


@pytest.fixture
def people(site: Any) -> Cast:
    made = make_cast()
    database.session.commit()
    return made


def asked(people: Cast) -> LabSession:
    found = lifecycle.queue(people.bob, people.lab, people.course, now=utcnow())
    database.session.commit()
    return found


def fresh(found: Any) -> Any:
    database.session.rollback()
    database.session.refresh(found)
    return found


def test_a_day_of_a_lab(site: Any, people: Cast, tmp_path: Path) -> None:
    found, log, backend = asked(people), tmp_path / "log", LocalBackend(site.settings.var_dir)

    with scheduler(site.settings, log):
        eventually(lambda: fresh(found).state == RUNNING, log)
        for script, state in (("false", "failed"), ("touch done", "passed")):
            backend.execute(found.job_id, script, timeout_s=10, output_limit=100)
            checks.request(found, people.check.id, now=utcnow())
            database.session.commit()
            newest = select(CheckRun.state).order_by(CheckRun.id.desc()).limit(1)
            eventually(lambda newest=newest, state=state: database.session.scalar(newest) == state, log)
        lifecycle.reset(fresh(found), now=utcnow())
        database.session.commit()
        eventually(lambda: fresh(found).state == RUNNING and not found.is_fresh, log)
        after_reset = backend.execute(found.job_id, "test ! -e done", timeout_s=10, output_limit=100)
        lifecycle.stop(fresh(found), reason="user", now=utcnow())
        database.session.commit()
        eventually(lambda: fresh(found).state == ENDED, log)

    assert after_reset.exit_code == 0
    assert (found.reason, backend.observe()) == ("user", [])


def test_killed_between_claim_and_start_the_next_one_starts_exactly_one_job(
    site: Any, people: Cast, tmp_path: Path
) -> None:
    found, log = asked(people), tmp_path / "log"

    killed = subprocess.run([sys.executable, "-c", KILLED], cwd=ROOT, env=environ(site.settings), check=False)
    state_left = fresh(found).state
    # Nobody has to wait here for the time after which a claim counts as lost.
    long_ago = utcnow() - timedelta(minutes=1)
    database.session.execute(update(LabSession).values(claimed_at=long_ago, leased_until=long_ago))
    database.session.commit()
    with scheduler(site.settings, log), scheduler(site.settings, log):
        eventually(lambda: fresh(found).state == RUNNING, log)

    assert (killed.returncode, state_left) == (-signal.SIGKILL, STARTING)
    jobs = LocalBackend(site.settings.var_dir).observe()
    assert [(job.job_id, job.state) for job in jobs] == [(found.job_id, "running")]


def test_a_lab_survives_its_schedulers_death(site: Any, people: Cast, tmp_path: Path) -> None:
    found, log, backend = asked(people), tmp_path / "log", LocalBackend(site.settings.var_dir)
    with scheduler(site.settings, log):
        eventually(lambda: fresh(found).state == RUNNING, log)
    backend.execute(found.job_id, "echo still me > /tmp/proof", timeout_s=10, output_limit=100)

    with scheduler(site.settings, log):
        eventually(lambda: site.app.extensions["yurt_redis"].hget("yurt:heartbeats", "reconcile"), log)
        proof = backend.execute(found.job_id, "cat /tmp/proof", timeout_s=10, output_limit=100)

    assert fresh(found).state == RUNNING
    assert proof.output == b"still me\n"


def test_a_job_that_is_gone_and_one_that_nobody_wants_are_mended(site: Any, people: Cast, tmp_path: Path) -> None:
    found, log, backend = asked(people), tmp_path / "log", LocalBackend(site.settings.var_dir)
    with scheduler(site.settings, log):
        eventually(lambda: fresh(found).state == RUNNING, log)
    other = lifecycle.queue(people.alice, people.lab, people.course, now=utcnow())
    database.session.commit()
    with scheduler(site.settings, log):
        eventually(lambda: fresh(other).state == RUNNING, log)
    backend.stop(found.job_id)
    database.session.delete(other)
    database.session.commit()

    with scheduler(site.settings, log):
        eventually(lambda: fresh(found).state == ENDED, log)
        eventually(lambda: not backend.observe(), log)

    assert found.reason == "lost"


def test_sigterm_ends_it_with_code_0(site: Any, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with scheduler(site.settings, log) as process:
        eventually(lambda: set(site.app.extensions["yurt_redis"].hkeys("yurt:heartbeats")) >= TICKS, log)

        process.terminate()

        assert process.wait(60) == 0, log.read_text()


def test_an_overdue_attempt_and_a_mail_are_done_without_anybody_asking(site: Any, people: Cast, tmp_path: Path) -> None:
    people.quiz.time_limit_s = 60
    attempt = attempts.start(people.bob.id, people.quiz, now=utcnow() - timedelta(minutes=2))
    mail = Mail(recipient="bob@example.org", subject="s", body_text="t")
    database.session.add(mail)
    database.session.commit()
    log = tmp_path / "log"

    with scheduler(site.settings, log):
        eventually(lambda: fresh(attempt).state == "graded", log)
        eventually(lambda: fresh(mail).sent_at, log)

    assert attempt.closed_by == "deadline"
    assert len(list((site.settings.var_dir / "mail").glob("*.eml"))) == 1


def test_it_waits_for_engines_that_are_away_with_one_line_each(site: Any, tmp_path: Path) -> None:
    log = tmp_path / "log"
    away = {"DATABASE_URL": "postgresql://yurt@127.0.0.1:1/yurt", "REDIS_URL": "redis://127.0.0.1:1/0"}

    with scheduler(site.settings, log, **away) as process:
        eventually(lambda: log.exists() and "redis unavailable" in log.read_text(), log)
        eventually(lambda: "postgresql unavailable" in log.read_text(), log)
        threading.Event().wait(3)
        is_alive = process.poll() is None

    assert is_alive
    lines = log.read_text()
    assert lines.count("postgresql unavailable") == 1
    assert lines.count("redis unavailable") == 1
    assert "Traceback" not in lines


def test_settings_that_cannot_work_are_named(tmp_path: Path, settings: Settings) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "scheduler"],
        cwd=ROOT,
        env=environ(settings, SECRET_KEY="short", DATABASE_URL="mysql://x"),
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 2
    assert "SECRET_KEY" in ended.stderr and "DATABASE_URL" in ended.stderr
    assert "Traceback" not in ended.stderr
