"""How many machines are to be warm, as a pure function of plans, the class and the time."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extensions import db as database
from models import Lab
from services.capacity import warm_plans
from services.capacity.warm_plans import Plan
from services.errors import InvalidInput
from tests.capacity.conftest import NOW
from tests.factories import Cast, EnrolmentFactory

BERLIN = ZoneInfo("Europe/Berlin")
MONDAYS = Plan(count=24, weekday=0, begins=time(9, 55), ends=time(11, 30), time_zone="Europe/Berlin")


def berlin(month: int, day: int, hour: int, minute: int, fold: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, fold=fold, tzinfo=BERLIN).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "count"),
    [
        (berlin(3, 23, 9, 54), 0),
        (berlin(3, 23, 9, 55), 24),
        (berlin(3, 23, 11, 29), 24),
        (berlin(3, 23, 11, 30), 0),
        (berlin(3, 24, 10, 0), 0),
        # The week after the clocks went forward, and the one after they went back: the same time on the wall.
        (berlin(3, 30, 9, 54), 0),
        (berlin(3, 30, 9, 55), 24),
        (berlin(10, 26, 9, 55), 24),
        (berlin(10, 26, 9, 54), 0),
    ],
)
def test_a_timetable_goes_by_the_clock_on_the_wall(now: datetime, count: int) -> None:
    assert warm_plans.wanted([MONDAYS], 0, now) == count


def test_summer_time_moves_a_timetable_by_an_hour_in_utc() -> None:
    winter = datetime(2026, 3, 23, 8, 55, tzinfo=UTC)
    summer = datetime(2026, 3, 30, 7, 55, tzinfo=UTC)

    assert [warm_plans.wanted([MONDAYS], 0, at) for at in (winter, summer)] == [24, 24]
    assert warm_plans.wanted([MONDAYS], 0, winter.replace(hour=7)) == 0


def test_an_hour_that_the_clocks_skip_is_skipped_and_one_that_comes_twice_counts_twice() -> None:
    nightly = Plan(count=3, begins=time(2, 15), ends=time(2, 45), time_zone="Europe/Berlin")
    spring = [datetime(2026, 3, 29, hour, 30, tzinfo=UTC) for hour in (0, 1)]

    assert [warm_plans.wanted([nightly], 0, at) for at in spring] == [0, 0]
    assert [warm_plans.wanted([nightly], 0, berlin(10, 25, 2, 30, fold)) for fold in (0, 1)] == [3, 3]


def test_a_plan_may_pass_midnight() -> None:
    sundays = Plan(count=5, weekday=6, begins=time(23, 0), ends=time(1, 0))

    hours = [datetime(2026, 3, day, hour, 30, tzinfo=UTC) for day, hour in ((1, 22), (1, 23), (2, 0), (2, 1), (2, 23))]

    assert [warm_plans.wanted([sundays], 0, at) for at in hours] == [0, 5, 5, 0, 0]


def test_a_share_of_the_class_is_rounded_up() -> None:
    assert warm_plans.wanted([Plan(percent_enrolled=10)], 31, NOW) == 4
    assert warm_plans.wanted([Plan(percent_enrolled=10)], 0, NOW) == 0


plans = st.builds(
    Plan,
    count=st.integers(0, 50),
    weekday=st.none() | st.integers(0, 6),
    begins=st.just(time(9)),
    ends=st.times(time(9, 1)),
    time_zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"]),
)
times = st.integers(0, 365 * 24 * 60).map(lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes))


@settings(deadline=None)
@given(st.lists(plans, max_size=5), times)
def test_several_plans_want_as_many_as_the_largest_that_holds(several: list[Plan], now: datetime) -> None:
    assert warm_plans.wanted(several, 0, now) == max([0, *(warm_plans.wanted([plan], 0, now) for plan in several)])


@pytest.mark.parametrize(
    ("plan", "field"),
    [
        (Plan(), "count"),
        (Plan(count=1, percent_enrolled=5), "count"),
        (Plan(count=-1), "count"),
        (Plan(percent_enrolled=101), "percent_enrolled"),
        (Plan(count=1, weekday=7), "weekday"),
        (Plan(count=1, begins=time(9)), "begins"),
        (Plan(count=1, begins=time(9), ends=time(9)), "ends"),
        (Plan(count=1, begins=time(9, tzinfo=UTC), ends=time(10)), "begins"),
        (Plan(count=1, time_zone="Mars/Base"), "time_zone"),
        (Plan(count=1, time_zone="Europe"), "time_zone"),
        (Plan(count=1, time_zone="a\x00b"), "time_zone"),
        (Plan(count=1, time_zone="../../etc/passwd"), "time_zone"),
    ],
)
def test_a_plan_that_cannot_be_kept_is_refused(plan: Plan, field: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        warm_plans.check(plan)

    assert raised.value.field == field


def test_only_students_count_as_the_class(cast: Cast) -> None:
    for _ in range(3):
        EnrolmentFactory(course=cast.course)
    warm_plans.add(cast.lab, Plan(percent_enrolled=50))

    assert warm_plans.wanted_now(NOW) == {cast.lab.id: 2}


def test_an_archived_lab_keeps_nothing_warm(cast: Cast, other_lab: Lab) -> None:
    warm_plans.add(cast.lab, Plan(count=2))
    warm_plans.add(other_lab, Plan(count=1))
    cast.lab.is_archived = True
    database.session.flush()

    assert warm_plans.wanted_now(NOW) == {other_lab.id: 1}
