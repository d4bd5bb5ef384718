"""Schedulers that die at each step of a start and of a stop on a real Nomad: a job for each session, and no orphan."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from backends.base import BackendUnavailable
from backends.nomad import NomadBackend
from config import ROOT
from extensions import db as database
from models import LabSession, utcnow
from models.lab_session import ENDED, RUNNING, STARTING, STOPPING
from reasons import ENGLISH, sentence
from scheduler.ticks import reconcile
from services import timelines
from services.labs import lifecycle
from services.saves import store
from tests.nomad.agents import Cluster
from tests.nomad.stages import Stage, staged
from tests.scheduler.test_process import environ, fresh

# A scheduler for each step, which kills itself there as SIGKILL does; how each ended is printed.
KILLED = """
import json, os, signal, sys
from datetime import timedelta
from sqlalchemy import update
from config import load_settings
from core import create_core
from extensions import db
from models import LabSession, utcnow
from backends.nomad import NomadBackend
from scheduler.ticks.starts import starter
from scheduler.ticks.stops import stopper
from services.capacity.order import Limits

step = ""

def die_at(name, method, is_after=False):
    def replaced(*arguments, **values):
        if step == name and is_after:
            method(*arguments, **values)
        if step == name:
            os.kill(os.getpid(), signal.SIGKILL)
        return method(*arguments, **values)
    return replaced

class Killed(NomadBackend):
    _register = die_at("claimed", NomadBackend._register)
    _await_running = die_at("registered", NomadBackend._await_running)
    _in_lab = die_at("runs", NomadBackend._in_lab)
    start = die_at("entered", NomadBackend.start, is_after=True)
    execute = die_at("to be saved", NomadBackend.execute)
    stop = die_at("saved", NomadBackend.stop)
    _wait_for_allocs = die_at("deregistered", NomadBackend._wait_for_allocs)

part, *steps = sys.argv[1:]
ends = []
for step in steps:
    child = os.fork()
    if child == 0:
        settings = load_settings()
        backend = Killed(settings)
        with create_core(settings, "scheduler").app_context():
            # However long its turn took: what the dead before it held is not what this one is to claim.
            alive = {"leased_until": utcnow() + timedelta(minutes=5)}
            db.session.execute(update(LabSession).where(LabSession.leased_until.is_not(None)).values(alive))
            db.session.commit()
            (starter(settings, backend, Limits(50, 2)) if part == "start" else stopper(backend))()
        os._exit(0)
    ends.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
print(json.dumps(ends))
"""
STARTS = ["claimed", "registered", "runs", "entered"]
STOPS = ["to be saved", "saved", "deregistered"]


@pytest.fixture
def stage(committed_db: Any, nomad: Cluster) -> Iterator[Stage]:
    with staged(committed_db, nomad) as made:
        yield made


def kill_at(stage: Stage, part: str, steps: list[str]) -> list[int]:
    """Let a scheduler die at each step, and nobody wait for the time after which it counts as dead."""
    told = subprocess.run(
        [sys.executable, "-c", KILLED, part, *steps],
        cwd=ROOT,
        env=environ(stage.settings, **stage.changes),
        capture_output=True,
        check=False,
        timeout=90,
    )
    long_ago = utcnow() - timedelta(minutes=1)
    values = {"claimed_at": long_ago, "leased_until": long_ago}
    database.session.execute(update(LabSession).where(LabSession.state.in_((STARTING, STOPPING))).values(values))
    database.session.commit()
    assert told.returncode == 0, told.stderr
    found: list[int] = json.loads(told.stdout)
    return found


def test_wherever_schedulers_die_there_is_one_lab_each_and_it_ends_with_its_work_saved(stage: Stage) -> None:
    cast = stage.cast
    found = [stage.ask(who) for who in (cast.alice, cast.bob, cast.charlie, cast.dana)]

    ends = kill_at(stage, "start", STARTS)
    left = [fresh(one).state for one in found]
    stage.go_on()

    assert (ends, left) == ([-signal.SIGKILL] * 4, [STARTING] * 4)
    assert [fresh(one).state for one in found] == [RUNNING] * 4
    assert stage.jobs() == {one.job_id: "running" for one in found}
    for one in found:
        assert stage.do(one, "echo precious > work; pwd") == f"/home/{one.user.handle}\n"

    stopped, kept = found[:3], found[3]
    for one in stopped:
        lifecycle.stop(fresh(one), reason="user", now=utcnow())
        database.session.commit()
    ends = kill_at(stage, "stop", STOPS)
    left = [fresh(one).state for one in stopped]
    stage.go_on()

    assert (ends, left) == ([-signal.SIGKILL] * 3, [STOPPING] * 3)
    assert [(fresh(one).state, one.reason, one.save_error) for one in stopped] == [(ENDED, "user", None)] * 3
    assert stage.jobs() == {kept.job_id: "running"}
    for one in stopped:
        assert len(store.of(one.user_id, one.lab_id)) == 1
        assert [event.kind for event in timelines.of(one.id)].count("stopped") == 1


def test_a_job_whose_session_is_gone_is_no_orphan_for_long(stage: Stage) -> None:
    found = stage.ask(stage.cast.bob)
    stage.go_on()
    job_id = fresh(found).job_id
    other = stage.backend.instance + "-other"
    stranger = NomadBackend(stage.settings.model_copy(update={"instance": other}))
    database.session.delete(found)
    database.session.commit()

    assert stage.jobs() == {job_id: "running"}
    reconcile.mend_all(other, stranger)
    assert stage.jobs() == {job_id: "running"}
    stage.go_on()
    stranger.close()

    assert stage.jobs() == {}


def test_a_restored_copy_under_another_instance_leaves_the_labs_of_the_first_alone(stage: Stage) -> None:
    found = stage.ask(stage.cast.bob)
    stage.go_on()
    other = f"{stage.backend.instance}-copy"
    copy = NomadBackend(stage.settings.model_copy(update={"instance": other}))

    with pytest.raises(BackendUnavailable):
        copy.execute(found.job_id, "true", timeout_s=5, output_limit=100)
    reconcile.mend_all(other, copy)

    # What the copy's database says runs isn't the copy's: it ends there, and nowhere else.
    assert (fresh(found).state, found.reason) == (ENDED, "lost")
    assert stage.jobs() == {found.job_id: "running"}
    copy.close()


def test_a_setup_that_says_anything_but_text_ends_the_start_in_words(stage: Stage) -> None:
    stage.cast.lab.setup_script = r"printf 'bad \000\033[2J\377 end'; exit 3"
    found = stage.ask(stage.cast.bob)

    stage.go_on()

    assert (fresh(found).state, found.reason) == (ENDED, "failed")
    said = sentence(found.detail, ENGLISH)
    assert "bad" in said and "end" in said and "\x1b" not in said
    assert stage.jobs() == {}
