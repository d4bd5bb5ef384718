"""Homes are saved before their machines end, and given back to the next ones."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import DataError

from backends import BackendUnavailable, ExecResult, Observed
from extensions import db as database
from models import LabSave, LabSession, utcnow
from models.lab_session import ENDED, QUEUED, RUNNING, STOPPING
from reasons import ENGLISH, Code, Reason, text
from scheduler.ticks.saves import saver
from scheduler.ticks.starts import starter
from scheduler.ticks.stops import stopper
from services import timelines
from services.capacity.order import Limits
from services.labs import document, lifecycle, saving, wording
from services.saves import archives, store
from tests.factories import Cast
from tests.scheduler.scripted import ScriptedBackend, home, packed

Ask = Callable[..., LabSession]
AWAY = BackendUnavailable("away")
OVER_64_MB = Reason(Code.HOME_TOO_LARGE, limit_mb=64)
TOO_LARGE = home(b"x" * (64 * archives.MEGABYTE + 1))


def backend_of(found: LabSession, **files: bytes) -> ScriptedBackend:
    """A backend where the session's job runs, with these files in its home."""
    backend = ScriptedBackend()
    backend.jobs[found.job_id] = Observed(found.job_id, str(found.id), "running")
    backend.homes[found.job_id] = home(packed(**files))
    return backend


def stop(found: LabSession, reason: str = "user") -> None:
    lifecycle.stop(found, reason=reason, now=utcnow())
    database.session.commit()


def tick(backend: ScriptedBackend, found: LabSession, times: int = 1) -> None:
    """Let the stops work, whatever they wait for."""
    for _ in range(times):
        found.retry_at = None
        database.session.commit()
        stopper(backend)()
        database.session.refresh(found)


def kinds(found: LabSession) -> list[str]:
    return [event.kind for event in timelines.of(found.id)]


def saved(found: LabSession) -> list[LabSave]:
    return store.of(found.user_id, found.lab_id)


def test_a_home_that_takes_too_long_to_pack_holds_a_worker_once_a_try(running: Ask) -> None:
    found = running()
    backend = backend_of(found, notes=b"work")
    backend.homes[found.job_id] = ExecResult(-1, b"", is_timed_out=True)
    stop(found)

    tick(backend, found)

    assert [name for name, _job in backend.calls].count("execute") == 1
    assert (found.state, found.tries) == (STOPPING, 1)


def test_a_home_is_saved_and_then_its_machine_ends(running: Ask) -> None:
    found = running()
    backend = backend_of(found, work=b"done", more=b"too")
    stop(found)

    tick(backend, found)

    (save,) = saved(found)
    assert (found.state, found.saved_at, found.is_settled) == (ENDED, save.created_at, True)
    assert (save.files, save.skipped, save.reason, save.session_id) == (2, 0, "user", found.id)
    assert store.data_of(save) == packed(work=b"done", more=b"too")
    assert save.sha256 == hashlib.sha256(store.data_of(save)).hexdigest()
    assert kinds(found) == ["queued", "stopping", "saving", "saved", "stopped"]


def test_a_save_is_committed_before_the_machine_is_stopped(running: Ask) -> None:
    found = running()
    backend = backend_of(found, work=b"done")
    seen: list[tuple[str, int, bool]] = []

    def before(name: str, _job: str) -> None:
        is_open = database.session().in_transaction()
        seen.append((name, len(saved(found)), is_open))
        database.session.commit()

    backend.before = before
    stop(found)
    tick(backend, found)

    assert seen == [("execute", 0, False), ("stop", 1, False)]


def test_what_was_saved_is_not_saved_again_when_the_stop_is_tried_again(running: Ask) -> None:
    found = running()
    backend = backend_of(found)
    backend.before = lambda name, _job: backend.faults.append(AWAY) if name == "stop" and not backend.faults else None
    stop(found)

    tick(backend, found, times=2)
    backend.before = None
    backend.faults.clear()
    tick(backend, found)

    assert [name for name, _job in backend.calls] == ["execute", "stop", "stop", "stop"]
    assert found.state == ENDED


@pytest.mark.parametrize("reason", ["age", "course", "admin", "platform"])
def test_what_ends_for_a_reason_that_cant_wait_ends_after_three_tries(running: Ask, reason: str) -> None:
    found = running()
    backend = backend_of(found)
    backend.homes[found.job_id] = ExecResult(1, b"no such thing")
    stop(found, reason)

    tick(backend, found, times=2)
    state_after_two, tries = found.state, found.tries
    tick(backend, found)

    assert (state_after_two, tries) == (STOPPING, 2)
    assert (found.state, found.reason, saved(found)) == (ENDED, reason, [])
    assert text(found.save_error, ENGLISH) == "The archive of the home broke off."
    assert kinds(found)[-2:] == ["save_failed", "stopped"]
    assert kinds(found).count("saving") == 1


def test_an_idle_lab_that_cant_be_saved_goes_on(running: Ask) -> None:
    found = running()
    backend = backend_of(found)
    backend.homes[found.job_id] = TOO_LARGE
    stop(found, "idle")

    tick(backend, found)

    assert (found.state, found.reason, found.is_settled) == (RUNNING, None, False)
    assert found.save_error == OVER_64_MB
    assert text(found.save_error, ENGLISH) == "The home is larger than 64 MB, packed."
    assert found.retry_at > utcnow() + timedelta(minutes=9)
    assert list(backend.jobs) == [found.job_id]
    assert "stop" not in dict(backend.calls)


def test_a_students_own_stop_asks_once_more_where_nothing_can_be_saved(running: Ask) -> None:
    found = running()
    backend = backend_of(found)
    backend.faults = [AWAY] * 20

    stop(found)
    tick(backend, found, times=saving.RETRIES_TO_REACH.most)
    state_after_first = found.state, found.save_error
    stop(found)
    backend.faults = [AWAY] * 2
    tick(backend, found)

    assert state_after_first == (RUNNING, Reason(Code.MACHINE_UNREACHED))
    assert (found.state, found.reason) == (ENDED, "user")


def test_a_reset_ends_with_or_without_a_save_and_begins_empty(running: Ask, settings: Any) -> None:
    found = running()
    backend = backend_of(found)
    backend.homes[found.job_id] = TOO_LARGE
    lifecycle.reset(found, utcnow())
    database.session.commit()

    tick(backend, found)
    state_between = found.state, found.save_error
    starter(settings, backend, Limits(50, 2))()

    assert state_between == (QUEUED, None)
    assert (found.state, backend.specs[found.job_id].saved, found.is_settled) == (RUNNING, None, False)
    # What was lost is said until there is something saved again, or the lab ends.
    assert "64 MB" in wording.worded(document.describe(found, utcnow()), ENGLISH)["detail"]
    lifecycle.stop(found, reason="course", now=utcnow())
    tick(backend, found)
    assert (found.state, found.detail) == (ENDED, None)


def test_a_machine_that_is_gone_cannot_be_saved(running: Ask) -> None:
    found = running()
    backend = ScriptedBackend([AWAY])
    stop(found, "idle")

    tick(backend, found)

    assert (found.state, found.save_error) == (ENDED, Reason(Code.MACHINE_GONE))


def test_one_fault_of_the_way_there_costs_no_try(running: Ask) -> None:
    found = running()
    backend = backend_of(found, work=b"done")
    backend.faults = [AWAY]
    stop(found)

    tick(backend, found)

    assert (found.state, len(saved(found))) == (ENDED, 1)


@pytest.mark.parametrize("changes", [{"started_at": None}, {"limit": 0}])
def test_what_has_no_work_is_not_saved(running: Ask, cast: Cast, changes: dict[str, Any]) -> None:
    cast.lab.save_limit_mb = changes.pop("limit", 64)
    found = running(**changes)
    backend = backend_of(found)
    stop(found)

    tick(backend, found)

    assert (found.state, [name for name, _job in backend.calls]) == (ENDED, ["stop"])


def test_a_database_that_refuses_a_save_is_a_failed_save(running: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    found = running()

    def refuse(*_arguments: object) -> str:
        raise DataError("INSERT", {}, Exception("invalid memory alloc request size"))

    monkeypatch.setattr(store, "put", refuse)
    stop(found, "idle")

    tick(backend_of(found), found, times=3)

    assert (found.state, found.save_error) == (RUNNING, Reason(Code.HOME_NOT_STORED))


def test_a_running_lab_is_saved_when_somebody_asks(running: Ask) -> None:
    found = running(save_requested_at=utcnow())
    backend = backend_of(found, work=b"so far")

    assert saver(backend)()
    assert not saver(backend)()

    assert (found.state, found.save_requested_at, found.is_settled) == (RUNNING, None, False)
    assert [save.reason for save in saved(found)] == ["asked"]


def test_a_lab_that_can_be_saved_again_may_idle_out_again(running: Ask) -> None:
    found = running(save_error=OVER_64_MB, retry_at=utcnow() - timedelta(seconds=1))

    saver(backend_of(found, work=b"smaller"))()

    assert (found.save_error, len(saved(found))) == (None, 1)


def test_a_failure_that_lasts_is_noted_once(running: Ask) -> None:
    found = running(save_requested_at=utcnow())
    backend = backend_of(found)
    backend.homes[found.job_id] = TOO_LARGE

    for _ in range(3):
        found.retry_at = None
        database.session.commit()
        saver(backend)()

    assert kinds(found).count("save_failed") == 1
    assert found.state == RUNNING
