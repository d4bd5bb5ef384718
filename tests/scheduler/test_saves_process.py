"""Saves in real processes and a real sandbox: killed between any two steps, two at once, and what comes back."""

import io
import signal
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from backends.local import LocalBackend
from config import ROOT
from extensions import db as database
from models import LabSession, utcnow
from models.lab_session import ENDED, RUNNING, STOPPING
from reasons import Code, Reason
from scheduler.ticks.starts import starter
from scheduler.ticks.stops import stopper
from services import timelines
from services.capacity.order import Limits
from services.labs import lifecycle
from services.saves import store
from tests.factories import Cast, make_cast
from tests.scheduler.test_process import environ

# A scheduler that kills itself, as SIGKILL does, at one step of a stop.
KILLED = """
import os, signal, sys
from config import load_settings
from core import create_core
from backends.local import LocalBackend
from scheduler.ticks import saves
from scheduler.ticks.stops import stopper
from services.labs import saving as service

step = sys.argv[1]

def die(*_arguments, **_values):
    os.kill(os.getpid(), signal.SIGKILL)

class Killed(LocalBackend):
    def execute(self, *arguments, **values):
        if step == "before the save":
            die()
        result = super().execute(*arguments, **values)
        if step == "after packing":
            die()
        return result

    def stop(self, job_id):
        if step == "before the stop":
            die()
        super().stop(job_id)
        if step == "after the stop":
            die()

if step == "before the commit":
    keep = service.keep
    service.keep = lambda *arguments: (keep(*arguments), die())

settings = load_settings()
with create_core(settings, "scheduler").app_context():
    stopper(Killed(settings.var_dir))()
"""
STEPS = {
    # What a scheduler leaves that dies there: is the work saved, does the machine run?
    "before the save": (False, True),
    "after packing": (False, True),
    "before the commit": (False, True),
    "before the stop": (True, True),
    "after the stop": (True, False),
}


FURNISH = """
mkdir -p deep/er && head -c 100000 /dev/urandom > deep/er/noise && ln -s deep/er/noise link && ln deep/er/noise twin
printf 'x' > ' odd * name' && truncate -s 200M holes && mkfifo pipe
mkdir shut && echo in > shut/in && chmod 0 shut
python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("socket")' 2>/dev/null || true
"""


@pytest.fixture
def site(committed_db: Any) -> Iterator[Any]:
    with committed_db.app.app_context():
        try:
            yield committed_db
        finally:
            database.session.remove()
            LocalBackend(committed_db.settings.var_dir).stop_all()


@pytest.fixture
def cast(site: Any) -> Cast:
    made = make_cast()
    database.session.commit()
    return made


def begin(site: Any, cast: Cast) -> LabSession:
    """Bob's lab, which runs in a real sandbox."""
    found = lifecycle.queue(cast.bob, cast.lab, cast.course, now=utcnow())
    database.session.commit()
    starter(site.settings, LocalBackend(site.settings.var_dir), Limits(50, 2))()
    database.session.refresh(found)
    assert found.state == RUNNING
    return found


def do(site: Any, found: LabSession, script: str) -> bytes:
    result = LocalBackend(site.settings.var_dir).execute(found.job_id, script, timeout_s=20, output_limit=10_000)
    assert result.exit_code == 0, result.output
    return result.output


def stop(found: LabSession, reason: str = "idle") -> None:
    lifecycle.stop(found, reason=reason, now=utcnow())
    database.session.commit()


def archived(save: Any) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(store.data_of(save))) as archive:
        files = [(entry.name, archive.extractfile(entry)) for entry in archive if entry.isfile()]
        return {name: file.read() for name, file in files if file is not None}


@pytest.mark.parametrize("step", STEPS)
def test_wherever_a_scheduler_dies_the_work_is_saved_before_the_machine_ends(site: Any, cast: Cast, step: str) -> None:
    found = begin(site, cast)
    do(site, found, "echo precious > work")
    stop(found)

    killed = subprocess.run([sys.executable, "-c", KILLED, step], cwd=ROOT, env=environ(site.settings), check=False)
    database.session.refresh(found)
    left = len(store.of(cast.bob.id, cast.lab.id)) > 0, bool(LocalBackend(site.settings.var_dir).observe())
    state_left = found.state
    # Nobody has to wait here for the time after which a stop counts as stuck.
    database.session.execute(update(LabSession).values(leased_until=utcnow() - timedelta(seconds=1)))
    database.session.commit()
    stopper(LocalBackend(site.settings.var_dir))()
    database.session.refresh(found)

    assert (killed.returncode, state_left, left) == (-signal.SIGKILL, STOPPING, STEPS[step])
    assert (found.state, found.reason, found.save_error) == (ENDED, "idle", None)
    assert LocalBackend(site.settings.var_dir).observe() == []
    (save,) = store.of(cast.bob.id, cast.lab.id)
    assert archived(save)["./work"] == b"precious\n"
    assert "save_failed" not in [event.kind for event in timelines.of(found.id)]


def test_of_two_schedulers_one_saves_and_stops(site: Any, cast: Cast) -> None:
    found = begin(site, cast)
    do(site, found, "echo precious > work")
    stop(found)

    def work() -> None:
        with site.app.app_context():
            try:
                stopper(LocalBackend(site.settings.var_dir))()
            finally:
                database.session.remove()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    database.session.refresh(found)

    kinds = [event.kind for event in timelines.of(found.id)]
    assert found.state == ENDED
    assert (kinds.count("saving"), kinds.count("saved"), kinds.count("stopped")) == (1, 1, 1)


def test_a_home_with_everything_in_it_comes_back_on_a_machine_that_never_had_it(site: Any, cast: Cast) -> None:
    found = begin(site, cast)
    do(site, found, FURNISH)
    look = "chmod 700 shut; find . ! -type s ! -name '.bash*' ! -name holes -printf '%p %y %m %s %l\\n' | sort"
    look += "; sha256sum twin"
    before = do(site, found, look + "; chmod 0 shut")
    stop(found, "user")
    stopper(LocalBackend(site.settings.var_dir))()
    backend = LocalBackend(site.settings.var_dir)
    home_key = f"{cast.bob.id}-{cast.lab.id}"
    assert backend.homes.path(home_key).exists()
    backend.homes.forget(home_key)
    assert not backend.homes.path(home_key).exists()

    again = begin(site, cast)

    assert do(site, again, look) == before
    assert do(site, again, "stat -c %s holes; du -k holes | cut -f1") == b"209715200\n0\n"


def test_a_home_over_the_limit_keeps_an_idle_lab_and_its_machine(site: Any, cast: Cast) -> None:
    cast.lab.save_limit_mb = 1
    found = begin(site, cast)
    do(site, found, "head -c 3000000 /dev/urandom > large")
    stop(found)

    stopper(LocalBackend(site.settings.var_dir))()
    database.session.refresh(found)

    assert (found.state, found.save_error) == (RUNNING, Reason(Code.HOME_TOO_LARGE, limit_mb=1))
    assert do(site, found, "stat -c %s large") == b"3000000\n"


@pytest.mark.parametrize("kind", ["fork", "fill"])
def test_a_lab_that_misbehaves_while_it_is_saved_ends_all_the_same(site: Any, cast: Cast, kind: str) -> None:
    script = {
        "fork": "echo work > work; (while :; do (sleep 0.1 &) ; done) >/dev/null 2>&1 & sleep 0.2",
        "fill": "echo work > work; (while :; do head -c 1000 /dev/urandom > churn; done) >/dev/null 2>&1 & sleep 0.2",
    }[kind]
    found = begin(site, cast)
    do(site, found, script)
    stop(found, "age")

    for _ in range(3):
        stopper(LocalBackend(site.settings.var_dir))()
        database.session.execute(update(LabSession).values(leased_until=utcnow() - timedelta(seconds=1)))
        database.session.commit()
    database.session.refresh(found)

    assert found.state == ENDED
    assert LocalBackend(site.settings.var_dir).observe() == []
