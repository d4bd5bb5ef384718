"""Sessions and jobs, compared both ways."""

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest

from models import LabSession, utcnow
from models.lab_session import ENDED, QUEUED, RUNNING, STARTING, STOPPING
from scheduler.backends import BackendUnavailable, Observed
from scheduler.ticks.reconcile import reconciler
from services import labs
from services.lab_repairs import Known, Repair, plan
from tests.scheduler.conftest import NOW
from tests.scheduler.scripted import ScriptedBackend

Ask = Callable[..., LabSession]
BEFORE, AFTER = NOW - timedelta(minutes=1), NOW + timedelta(seconds=1)
ID = uuid.UUID(int=7)


def job(state: str, job_id: str = "lab-a") -> Observed:
    return Observed(job_id, str(ID), state)


@pytest.mark.parametrize(
    ("sessions", "jobs", "repairs"),
    [
        ([Known(ID, "lab-a", RUNNING, BEFORE)], [job("running")], []),
        ([Known(ID, "lab-a", RUNNING, BEFORE)], [job("pending")], []),
        ([Known(ID, "lab-a", RUNNING, BEFORE)], [], [Repair("lose", "lab-a", ID, "lost")]),
        ([Known(ID, "lab-a", RUNNING, BEFORE)], [job("dead")], [Repair("lose", "lab-a", ID, "lost")]),
        # Its backend ended it when its time was over.
        ([Known(ID, "lab-a", RUNNING, BEFORE, BEFORE)], [job("dead")], [Repair("lose", "lab-a", ID, "age")]),
        # It came to run only after the look at the jobs.
        ([Known(ID, "lab-a", RUNNING, AFTER)], [], []),
        # Starts and stops are in hand, or are taken over by their own ticks.
        ([Known(ID, "lab-a", STARTING)], [], []),
        ([Known(ID, "lab-a", STARTING)], [job("dead")], []),
        ([Known(ID, "lab-a", STOPPING, BEFORE)], [], []),
        ([Known(ID, "lab-a", STOPPING, BEFORE)], [job("running")], []),
        # A start that failed half-way is tried again: its job is still wanted.
        ([Known(ID, "lab-a", QUEUED)], [job("running")], []),
        ([], [job("running")], [Repair("stop", "lab-a")]),
        ([], [job("dead")], [Repair("stop", "lab-a")]),
        ([Known(ID, "lab-b", QUEUED)], [job("pending")], [Repair("stop", "lab-a")]),
    ],
)
def test_the_plan_follows_from_both_sides(sessions: list[Known], jobs: list[Observed], repairs: list[Repair]) -> None:
    assert plan(sessions, jobs, NOW) == repairs


def test_a_job_without_a_session_is_stopped(running: Ask) -> None:
    kept, backend = running(), ScriptedBackend()
    for job_id in (kept.job_id, "lab-nobody-knows"):
        backend.jobs[job_id] = job("running", job_id)

    reconciler(backend)()

    assert list(backend.jobs) == [kept.job_id]
    assert kept.state == RUNNING


def test_a_session_without_a_job_is_lost(running: Ask) -> None:
    found, backend = running(expires_at=utcnow() + timedelta(hours=1)), ScriptedBackend()

    reconciler(backend)()

    assert (found.state, found.reason) == (ENDED, "lost")


def test_a_dead_job_is_removed_with_its_session(running: Ask) -> None:
    found, backend = running(expires_at=utcnow() + timedelta(hours=1)), ScriptedBackend()
    backend.jobs[found.job_id] = job("dead", found.job_id)

    reconciler(backend)()

    assert (found.state, found.reason, backend.jobs) == (ENDED, "lost", {})


def test_a_job_that_the_list_forgot_is_asked_for_before_its_session_is_lost(
    running: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, backend = running(), ScriptedBackend()
    backend.jobs[found.job_id] = job("running", found.job_id)
    monkeypatch.setattr(backend, "observe", list)

    reconciler(backend)()

    assert (found.state, backend.calls) == (RUNNING, [])


def test_a_backend_that_does_not_answer_costs_nobody_a_lab(running: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    found, backend = running(), ScriptedBackend()

    def away() -> list[Observed]:
        raise BackendUnavailable("away")

    monkeypatch.setattr(backend, "observe", away)

    with pytest.raises(BackendUnavailable):
        reconciler(backend)()

    assert found.state == RUNNING


def test_a_repair_that_fails_does_not_hold_up_the_others(running: Ask) -> None:
    backend = ScriptedBackend([BackendUnavailable("away")])
    for job_id in ("lab-one", "lab-two"):
        backend.jobs[job_id] = job("running", job_id)

    reconciler(backend)()

    assert list(backend.jobs) == ["lab-one"]


def test_a_session_that_ends_by_itself_meanwhile_keeps_its_reason(running: Ask) -> None:
    found = running()
    labs.stop(found, reason="user", now=NOW)

    reconciler(ScriptedBackend())()

    assert (found.state, found.reason) == (STOPPING, "user")
