"""The expected wait: what it may never say, and what it says of simple queues."""

import uuid
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extensions import db as database
from models.lab_session import ENDED
from services.capacity import waits as capacity_waits
from services.capacity.order import Waiting
from services.capacity.waits import History, Machine
from tests.capacity.conftest import NOW, click, later, runs
from tests.capacity.test_order import waits
from tests.factories import Cast, LabFactory

HOUR = 3600.0
STARTS = [2.0, 2.0]

samples = st.lists(st.floats(1, 8 * HOUR), min_size=1, max_size=21).map(sorted)
machines = st.lists(
    st.builds(Machine, st.integers(1, 3), st.just(1), st.floats(0, 8 * HOUR), st.floats(0, 8 * HOUR)), max_size=20
)
queues = st.integers(0, 40).map(lambda count: [waits(number) for number in range(1, count + 1)])
histories = st.builds(History, st.dictionaries(st.integers(1, 3), samples), st.just({}), samples, samples)


@settings(deadline=None)
@given(queues, machines, st.integers(0, 5), histories)
def test_who_is_later_in_the_queue_never_waits_less(
    turn: list[Waiting], held: list[Machine], free: int, history: History
) -> None:
    found = capacity_waits.expected(turn, held, free, history)

    told = [found[entry.id] for entry in turn if held or free]
    likely, latest = [wait.likely_s for wait in told], [wait.latest_s for wait in told]
    assert (likely, latest) == (sorted(likely), sorted(latest))
    # Where no machine is there that could end, nobody knows.
    assert len(found) == len(told)


@settings(deadline=None)
@given(queues, machines, st.integers(0, 5), histories)
def test_a_wait_is_likely_before_it_is_late_and_never_negative(
    turn: list[Waiting], held: list[Machine], free: int, history: History
) -> None:
    for wait in capacity_waits.expected(turn, held, free, history).values():
        assert 0 <= wait.likely_s <= wait.latest_s < float("inf")


@settings(deadline=None)
@given(queues, machines, st.integers(0, 5), histories)
def test_nobody_waits_longer_than_the_machine_of_their_place_may_live(
    turn: list[Waiting], held: list[Machine], free: int, history: History
) -> None:
    bounds = [0.0] * free + sorted(machine.left_s for machine in held)
    found = capacity_waits.expected(turn, held, free, history)

    for entry, bound in zip(turn, bounds, strict=False):
        assert found[entry.id].latest_s <= bound + history.starts[-1] + 1e-6


@settings(deadline=None)
@given(samples, st.floats(0, 8 * HOUR), st.floats(0.01, 0.99))
def test_what_is_left_of_a_lab_ends_within_what_was_measured(lengths: list[float], age: float, level: float) -> None:
    rest = capacity_waits.remaining(lengths, age, level)

    assert rest >= 0
    assert rest == float("inf") if age >= lengths[-1] else age + rest <= lengths[-1] * (1 + 1e-9)


def test_nothing_measured_is_nothing_said() -> None:
    assert capacity_waits.expected([waits(1)], [Machine(1, 1, 60, HOUR)], 0, History()) == {}


def test_the_first_of_many_waits_for_the_first_machine_that_ends() -> None:
    history = History(overall=[0.0, 2 * HOUR], starts=STARTS)
    held = [Machine(1, 1, 0.0, 8 * HOUR)] * 50

    found = capacity_waits.expected([waits(number) for number in range(1, 51)], held, 0, history)

    # Fifty labs that last up to two hours: one ends about every two minutes, and some of those that follow end early.
    assert found[uuid.UUID(int=1)].likely_s < 300
    assert 0.7 * HOUR < found[uuid.UUID(int=25)].likely_s < HOUR


def test_a_single_machine_is_given_the_median() -> None:
    history = History(overall=[600.0, 1200.0, 6000.0], starts=STARTS)

    found = capacity_waits.expected([waits(1)], [Machine(1, 1, 0.0, 8 * HOUR)], 0, history)

    assert found[uuid.UUID(int=1)].likely_s == 1202


def test_a_machine_that_must_end_soon_bounds_the_wait() -> None:
    history = History(overall=[8 * HOUR, 8 * HOUR], starts=STARTS)

    found = capacity_waits.expected([waits(1)], [Machine(1, 1, 0.0, 300.0)], 0, history)

    assert found[uuid.UUID(int=1)] == capacity_waits.Wait(302, 302)


def test_one_short_lab_among_long_ones_promises_neither_a_moment_nor_a_day() -> None:
    history = History(overall=[5.0] * 21, starts=STARTS)
    held = [Machine(1, 1, 1800.0, 7 * HOUR)] * 50

    found = capacity_waits.expected([waits(1)], held, 0, history)

    assert found[uuid.UUID(int=1)] == capacity_waits.Wait(1802, 7 * HOUR + 2)


def test_a_few_labs_that_ran_for_days_change_little() -> None:
    usual = History(overall=[600.0 + 60 * step for step in range(21)], starts=STARTS)
    odd = History(overall=[*usual.overall[:-1], 30 * 24 * HOUR], starts=STARTS)
    held = [Machine(1, 1, 30.0 * number, 8 * HOUR) for number in range(20)]

    first, second = (capacity_waits.expected([waits(1)], held, 0, one)[uuid.UUID(int=1)] for one in (usual, odd))

    assert abs(first.likely_s - second.likely_s) < 60 and second.latest_s < HOUR


def test_a_lab_is_judged_by_its_own_history_before_its_courses() -> None:
    history = History({1: [10.0]}, {7: [20.0]}, [30.0])

    assert [history.of(1, 7), history.of(2, 7), history.of(2, 8)] == [[10.0], [20.0], [30.0]]


def test_the_history_is_what_ended_lately(cast: Cast) -> None:
    rare = LabFactory(module=cast.lab.module)
    for minutes in (10, 20, 30, 40, 50):
        lasted(cast, minutes, cast.lab)
    lasted(cast, 60, rare)
    lasted(cast, 7000, cast.lab, ended_at=NOW - timedelta(days=31))
    lasted(cast, 7000, cast.lab, reason="failed")

    found = capacity_waits.history(NOW)

    assert list(found.by_lab) == [cast.lab.id]
    assert capacity_waits.quantile(found.by_lab[cast.lab.id], 0.5) == pytest.approx(1800)
    assert capacity_waits.quantile(found.by_course[cast.course.id], 1) == pytest.approx(3600)
    assert capacity_waits.quantile(found.overall, 0.5) == pytest.approx(2100)
    assert capacity_waits.quantile(found.starts, 0.5) == pytest.approx(3)


def lasted(cast: Cast, minutes: int, lab: object, **changes: object) -> None:
    """A lab that took three seconds to start, ran for so long, and has ended."""
    ended_at = changes.pop("ended_at", NOW)
    started_at = ended_at - timedelta(minutes=minutes)
    facts = {"started_at": started_at, "claimed_at": started_at - timedelta(seconds=3), "ended_at": ended_at}
    runs(lab, later(-60), **{"state": ENDED, "reason": "user", **facts, **changes})


def test_an_empty_history_is_read_as_such(cast: Cast) -> None:
    click(cast.lab)
    database.session.flush()

    assert capacity_waits.history(NOW) == History()
