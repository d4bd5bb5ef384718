"""The tick that runs checks: an infrastructure's fault is tried again, a failure is the student's to mend."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from backends import BackendUnavailable, ExecResult
from extensions import db as database
from models import CheckRun, LabSession, utcnow
from reasons import ENGLISH, text
from scheduler.ticks.checks import checker
from services.labs import checks
from tests.factories import Cast
from tests.scheduler.scripted import ScriptedBackend


@pytest.fixture
def lab(cast: Cast, running: Callable[..., LabSession]) -> LabSession:
    """Bob's lab, in which he has asked for a check."""
    found = running(job_id="lab-shell-first-lab-bob-0badcafe")
    checks.request(found, cast.check.id, now=utcnow())
    database.session.commit()
    return found


def only_run() -> CheckRun:
    return database.session.scalars(select(CheckRun)).one()


def test_a_check_that_fails_is_run_once(lab: LabSession) -> None:
    backend = ScriptedBackend()
    backend.results = [ExecResult(1, b"Not yet.")]
    work = checker(backend)

    did = [work(), work()]

    assert did == [True, False]
    assert (only_run().state, only_run().output, only_run().tries) == ("failed", "Not yet.", 0)
    assert len(backend.calls) == 1


@pytest.mark.parametrize("fault", [BackendUnavailable("no way in"), OSError("no descriptors")])
def test_a_fault_of_the_machinery_queues_the_check_again(lab: LabSession, fault: Exception) -> None:
    work = checker(ScriptedBackend([fault]))

    work()
    is_paused = not work()
    run = only_run()
    state = run.state
    run.retry_at = run.retry_at.replace(year=2020)
    database.session.commit()
    work()

    assert (state, is_paused) == ("queued", True)
    assert (only_run().state, only_run().tries) == ("passed", 1)


def test_a_check_that_is_stopped_for_its_limits_fails_whatever_its_status(lab: LabSession) -> None:
    backend = ScriptedBackend()
    backend.results = [ExecResult(0, b"loop", is_timed_out=True, is_truncated=True)]

    checker(backend)()

    assert only_run().state == "failed"
    assert only_run().output == "loop"
    assert "longer than 10 seconds" in text(only_run().reason, ENGLISH)
    assert "first 4 kB" in text(only_run().reason, ENGLISH)
