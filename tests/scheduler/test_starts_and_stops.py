"""What becomes of a session when its machine starts, doesn't, or ends."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from backends import BackendUnavailable, NoRoom, StartFailed
from extensions import db as database
from models import ClusterState, LabSession, utcnow
from models.lab_session import ENDED, QUEUED, RUNNING, STARTING, STOPPING
from reasons import ENGLISH, Code, Reason, sentence
from scheduler.ticks.starts import starter
from scheduler.ticks.stops import stopper
from services import timelines
from services.capacity import holdings
from services.capacity.order import Limits
from services.labs import lifecycle
from services.labs.lifecycle import GAVE_UP, START_RETRIES
from services.leases import LEASE
from tests.capacity.conftest import click
from tests.factories import Cast
from tests.scheduler.conftest import NOW
from tests.scheduler.scripted import ScriptedBackend

Ask = Callable[..., LabSession]


FULL = Reason(Code.NODES_FULL, resource="memory", count=3, total=3)


@pytest.fixture
def start(settings: Any) -> Callable[[ScriptedBackend], bool]:
    return lambda backend: starter(settings, backend, Limits(50, 2))()


def test_a_queued_lab_runs(ask: Ask, cast: Cast, start: Any) -> None:
    found, backend = ask(is_fresh=True, tries=2), ScriptedBackend()

    assert start(backend)
    assert not start(backend)

    assert found.state == RUNNING
    assert (found.tries, found.is_fresh, found.warned_at) == (0, False, None)
    assert found.expires_at - found.started_at == timedelta(minutes=cast.lab.max_life_minutes)
    assert found.last_active_at == found.started_at
    assert list(backend.jobs) == [found.job_id]


def test_no_transaction_is_open_while_the_backend_works(ask: Ask, start: Any) -> None:
    ask()
    states: list[bool] = []
    backend = ScriptedBackend(before=lambda _name, _job: states.append(database.session().in_transaction()))

    start(backend)

    assert states == [False]


def test_what_can_never_start_ends_at_once_with_its_reason(ask: Ask, start: Any) -> None:
    found = ask()

    start(ScriptedBackend([StartFailed("There is no image of that name.")]))

    assert (found.state, found.reason) == (ENDED, "failed")
    assert sentence(found.detail, ENGLISH) == "There is no image of that name."


@pytest.mark.parametrize("fault", [BackendUnavailable("away"), OSError("no space")])
def test_a_start_that_fails_keeps_its_slot_and_is_tried_again(
    ask: Ask, start: Any, settings: Any, fault: Exception
) -> None:
    found, backend = ask(), ScriptedBackend([fault])

    start(backend)
    other = click(found.lab, utcnow())
    is_full = not starter(settings, backend, Limits(1, 2))()

    # What failed may have left a job: it keeps its slot until that is known to run or to be gone.
    assert (found.state, is_full, other.state) == (STARTING, True, QUEUED)
    assert found.retry_at > utcnow()
    found.retry_at = utcnow()
    database.session.commit()
    start(backend)
    assert (found.state, backend.calls) == (RUNNING, [("start", found.job_id)] * 2)


def test_after_five_failures_the_student_is_told(ask: Ask, start: Any) -> None:
    found = ask(tries=START_RETRIES.most - 1)
    backend = ScriptedBackend([BackendUnavailable("away")])

    start(backend)
    # Something of it may have come up: it ends by the way of a stop.
    stopper(backend)()

    assert (found.state, found.reason, found.detail) == (ENDED, "failed", GAVE_UP)
    assert backend.calls[-1] == ("stop", found.job_id)


def test_a_start_whose_scheduler_died_is_done_again(ask: Ask, start: Any) -> None:
    found, backend = (
        ask(state=STARTING, claimed_at=utcnow() - timedelta(minutes=1), leased_until=utcnow() - timedelta(seconds=54)),
        ScriptedBackend(),
    )

    start(backend)

    assert (found.state, list(backend.jobs)) == (RUNNING, [found.job_id])


def test_a_start_in_hand_is_left_alone(ask: Ask, start: Any) -> None:
    ask(state=STARTING, claimed_at=utcnow(), leased_until=utcnow() + LEASE)

    assert not start(ScriptedBackend())


def test_a_lab_whose_starts_kill_schedulers_is_given_up(ask: Ask, start: Any) -> None:
    long_ago = utcnow() - timedelta(minutes=1)
    found = ask(state=STARTING, claimed_at=long_ago, leased_until=long_ago, tries=START_RETRIES.most - 1)
    backend = ScriptedBackend()

    start(backend)

    assert (found.state, found.reason, backend.calls) == (STOPPING, "failed", [])


def test_a_lab_that_is_stopped_while_it_starts_ends(ask: Ask, start: Any) -> None:
    found = ask()
    backend = ScriptedBackend(before=lambda name, _job: name == "start" and _stop(found))

    start(backend)
    stopper(backend)()

    assert (found.state, found.reason, backend.jobs) == (ENDED, "user", {})


def _stop(found: LabSession) -> None:
    lifecycle.stop(found, reason="user", now=utcnow())
    database.session.commit()


def test_a_stopped_machine_ends_its_session(running: Ask) -> None:
    found, backend = running(), ScriptedBackend()
    _stop(found)

    assert stopper(backend)()
    assert not stopper(backend)()

    assert (found.state, found.reason) == (ENDED, "user")
    assert backend.calls == [("execute", found.job_id), ("stop", found.job_id)]


def test_a_stop_that_fails_is_tried_again_later_and_never_given_up(running: Ask) -> None:
    found = running(started_at=None)  # nothing to save
    _stop(found)
    backend = ScriptedBackend([BackendUnavailable("away")])

    stopper(backend)()

    assert (found.state, found.tries) == (STOPPING, 1)
    assert not stopper(backend)()
    found.retry_at = utcnow()
    database.session.commit()
    stopper(backend)()
    assert found.state == ENDED


def test_a_reset_gives_the_same_session_a_fresh_machine(running: Ask, start: Any) -> None:
    found, backend = running(), ScriptedBackend()
    lifecycle.reset(found, now=utcnow())
    database.session.commit()

    stopper(backend)()
    state_between = found.state, found.is_fresh, found.queued_at
    start(backend)

    assert state_between == (QUEUED, True, found.queued_at)
    assert (found.state, found.is_resetting, found.is_fresh) == (RUNNING, False, False)
    assert [name for name, _job in backend.calls] == ["execute", "stop", "start"]


def test_a_reset_that_becomes_a_stop_ends(running: Ask) -> None:
    found = running()
    lifecycle.reset(found, now=utcnow())
    database.session.commit()
    backend = ScriptedBackend(before=lambda _name, _job: _stop(found))

    stopper(backend)()

    assert (found.state, found.reason) == (ENDED, "user")


def test_a_lab_without_room_keeps_its_place_and_counts_no_failure(ask: Ask, start: Any) -> None:
    def refuse(name: str, _job: str) -> None:
        if name == "start":
            raise NoRoom(FULL)

    found, backend = ask(), ScriptedBackend(before=refuse)

    start(backend)
    first = found.state, found.tries, found.waiting_for, found.queued_at
    found.retry_at = utcnow()
    database.session.commit()
    start(backend)

    assert first == (QUEUED, 0, FULL, NOW)
    assert found.retry_at > utcnow()
    # Nothing of it may be placed later, while it counts nowhere.
    assert [name for name, _job in backend.calls] == ["start", "stop"] * 2
    # Each reason is told once, however often it is tried.
    assert [line.kind for line in timelines.of(found.id)].count("waiting") == 1


def test_a_lab_that_found_room_says_where_it_is(ask: Ask, start: Any) -> None:
    found = ask(waiting_for=FULL)

    start(ScriptedBackend())

    assert (found.state, found.node, found.waiting_for) == (RUNNING, "node-1", None)
    assert [(line.kind, line.detail) for line in timelines.of(found.id)][-2:] == [
        ("placed", {"node": "node-1"}),
        ("running", {}),
    ]


def test_a_cluster_that_is_down_costs_nobody_a_failure(ask: Ask, settings: Any, start: Any) -> None:
    found = ask(
        state=STARTING, claimed_at=utcnow() - timedelta(minutes=1), leased_until=utcnow() - timedelta(seconds=54)
    )
    database.session.add(ClusterState(instance=settings.instance, down_since=NOW))
    database.session.commit()

    start(ScriptedBackend([BackendUnavailable("away")]))

    assert (found.state, found.waiting_for) == (STARTING, holdings.DOWN)
    assert found.tries == 1  # of the scheduler that died, none of the cluster's


@pytest.mark.parametrize("is_down", [False, True])
def test_a_start_that_is_put_off_keeps_its_place_among_the_machines(
    ask: Ask, cast: Cast, settings: Any, is_down: bool
) -> None:
    """Its machine may have come up: another one in its place would be one too many."""
    first, second = ask(), ask(cast.alice, at=NOW + timedelta(minutes=1))
    backend, limits = ScriptedBackend([BackendUnavailable("away")]), Limits(1, 2, instance=settings.instance)
    state = ClusterState(instance=settings.instance, down_since=None)
    database.session.add(state)
    database.session.commit()

    def fail(name: str, _job: str) -> None:
        state.down_since = NOW if is_down else None
        database.session.commit()

    backend.before = fail
    starter(settings, backend, limits)()
    backend.before = state.down_since = None
    database.session.commit()
    assert not starter(settings, backend, limits)()
    first.retry_at = utcnow()
    database.session.commit()

    starter(settings, backend, limits)()

    assert (first.state, second.state) == (RUNNING, QUEUED)


def test_a_start_that_was_taken_over_meanwhile_leaves_no_second_machine(ask: Ask, start: Any) -> None:
    found = ask()
    old = found.job_id

    def take_over(name: str, _job: str) -> None:
        if name == "start":
            found.job_id = "lab-another"
            database.session.commit()

    backend = ScriptedBackend(before=take_over)
    start(backend)

    assert (found.state, backend.calls) == (STARTING, [("start", old), ("stop", old)])
