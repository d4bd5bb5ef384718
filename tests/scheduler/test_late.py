"""Schedulers that were paused in the middle of a start or a stop, and wake up when others have gone on."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from backends import BackendUnavailable, NoRoom, StartFailed
from extensions import db as database
from models import LabSession, utcnow
from models.lab_session import ENDED, RUNNING, STARTING, STOPPING
from scheduler.ticks.lease_renewals import LeaseKeeper
from scheduler.ticks.starts import starter
from scheduler.ticks.stops import stopper
from services import timelines
from services.capacity.order import Limits
from services.labs import claims, job_names, lifecycle, saving
from services.labs.saving import Outcome
from services.leases import LEASE
from services.saves import store
from services.saves.archives import Archive
from tests.scheduler.conftest import NOW
from tests.scheduler.scripted import ScriptedBackend, home, packed

Ask = Callable[..., LabSession]


class Paused(ScriptedBackend):
    """Is paused in its first call of `name`; meanwhile `others` do what they do. Then it does its call, or fails."""

    def __init__(self, name: str, others: Callable[["Paused"], None], fault: Exception | None = None) -> None:
        super().__init__()
        self._at, self._others, self._fault = name, others, fault

    def _called(self, name: str, job_id: str) -> None:
        if name != self._at:
            super()._called(name, job_id)
            return
        self._at = ""
        self._others(self)
        self.calls.clear()
        super()._called(name, job_id)
        if self._fault is not None:
            raise self._fault


def long_after(found: LabSession) -> None:
    """Let so much time pass that every claim counts as a dead scheduler's."""
    database.session.refresh(found)
    found.claimed_at = found.leased_until = utcnow() - timedelta(minutes=5)
    database.session.commit()


@pytest.fixture
def start(settings: Any) -> Callable[[ScriptedBackend], bool]:
    return lambda backend: starter(settings, backend, Limits(50, 2))()


@pytest.mark.parametrize(
    "fault", [None, NoRoom("memory: 3 of 3 nodes full"), StartFailed("No such image."), BackendUnavailable("away")]
)
def test_a_start_that_another_one_has_finished_is_left_alone(ask: Ask, start: Any, fault: Exception | None) -> None:
    found = ask()

    def others(backend: Paused) -> None:
        long_after(found)
        start(backend)

    backend = Paused("start", others, fault)
    start(backend)

    assert (found.state, found.tries, backend.calls) == (RUNNING, 0, [("start", found.job_id)])
    assert list(backend.jobs) == [found.job_id]
    assert [event.kind for event in timelines.of(found.id)].count("running") == 1


@pytest.mark.parametrize("fault", [NoRoom("memory: full"), StartFailed("No such image."), BackendUnavailable("away")])
def test_a_start_that_another_one_has_in_hand_is_left_to_it(ask: Ask, start: Any, fault: Exception) -> None:
    found = ask()

    def others(_backend: Paused) -> None:
        long_after(found)
        claims.claim_lost(utcnow())
        database.session.commit()

    backend = Paused("start", others, fault)
    start(backend)

    assert (found.state, found.tries, backend.calls) == (STARTING, 1, [("start", found.job_id)])


def test_a_machine_that_its_student_has_left_meanwhile_does_not_stay(ask: Ask, start: Any) -> None:
    found = ask()

    def others(backend: Paused) -> None:
        lifecycle.stop(found, reason="user", now=utcnow())
        database.session.commit()
        stopper(backend)()

    backend = Paused("start", others)
    start(backend)

    assert (found.state, backend.jobs) == (ENDED, {})


def test_a_process_that_was_paused_takes_nothing_over_from_itself(ask: Ask) -> None:
    starting = ask(state=STARTING, claimed_at=NOW, leased_until=NOW + LEASE)
    keeper = LeaseKeeper()

    with keeper.hold(starting.id):
        taken = claims.claim_lost(NOW + timedelta(minutes=5), keeper.of(LabSession))

    assert taken is None
    assert claims.claim_lost(NOW + timedelta(minutes=5), keeper.of(LabSession)) == starting


def test_a_stop_that_is_late_does_not_reach_the_machine_after_a_reset(running: Ask, start: Any) -> None:
    found, backend = running(), ScriptedBackend()
    old = found.job_id
    lifecycle.reset(found, NOW)
    database.session.commit()

    def others(backend: Paused) -> None:
        long_after(found)
        stopper(backend)()
        start(backend)

    backend = Paused("stop", others)
    stopper(backend)()

    assert (found.state, backend.calls) == (RUNNING, [("stop", old)])
    assert list(backend.jobs) == [found.job_id]
    assert found.job_id != old


def test_a_stop_that_is_late_does_not_end_what_its_student_stops_next(running: Ask, start: Any) -> None:
    found = running()
    lifecycle.reset(found, NOW)
    database.session.commit()

    def others(backend: Paused) -> None:
        long_after(found)
        stopper(backend)()
        start(backend)
        lifecycle.stop(found, reason="user", now=utcnow())
        database.session.commit()

    backend = Paused("stop", others)
    stopper(backend)()

    # Its work isn't saved yet, so it has to wait for its own stop.
    assert (found.state, found.is_settled, list(backend.jobs)) == (STOPPING, False, [found.job_id])


def test_a_save_that_is_late_does_not_become_the_newest(running: Ask, start: Any) -> None:
    found = running()
    order = saving.order_of(found, "asked")
    lifecycle.reset(found, NOW)
    database.session.commit()
    backend = ScriptedBackend()
    stopper(backend)()
    start(backend)
    backend.homes[found.job_id] = home(packed(work=b"new"))
    lifecycle.stop(found, reason="user", now=utcnow())
    database.session.commit()
    stopper(backend)()

    outcome = saving.keep(order, Archive(packed(work=b"old"), 1), utcnow())

    newest = store.newest(found.user_id, found.lab_id)
    assert (outcome, store.data_of(newest)) == (Outcome.NOT_OURS, packed(work=b"new"))


def test_names_of_one_session_never_come_again(running: Ask) -> None:
    found = running()

    names = [found.job_id]
    for _ in range(11):
        found.job_id = job_names.next_job_id(found)
        names.append(found.job_id)

    assert len(set(names)) == 12
    assert {name[:-8] for name in names} == {names[0][:-8]}
    assert all(re.fullmatch("[0-9a-f]{8}", name[-8:]) for name in names)
