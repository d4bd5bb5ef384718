"""Which board is meant: everybody of a course or a cohort, all that they earned or what they did in a span of time.

A scope with `until` is of the past: the board as it stood at that moment, with those who were ranked then, in the
cohorts of then.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, get_args

from sqlalchemy import and_, select

from models import BoardPlace, Course, CourseTotal
from services.leaderboards import standings

Period = Literal["all", "month", "week"]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PERIODS: tuple[Period, ...] = get_args(Period)


@dataclass(frozen=True)
class Scope:
    """Whose points count, and which: those written from `since` until `until`, both inclusive; None is no bound."""

    course_id: int
    cohort_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def name(self) -> str:
        """A name for keys: the same for the same board."""
        begin = f"{self.since:%Y%m%d}" if self.since else "all"
        return f"{self.course_id}:{self.cohort_id or 'all'}:{begin}"


def begin_of(period: Period, at: datetime) -> datetime | None:
    """Return when the week (from Monday) or the month of a moment began, in UTC; None for all time."""
    day = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if period == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if period == "month" else None


def frozen_at(course: Course, at: datetime) -> datetime | None:
    """Return the moment at which the students' board stood still, as seen at `at`; None where it moved."""
    begin, end = course.board_frozen_from, course.board_frozen_until
    return begin if begin is not None and end is not None and begin <= at < end else None


def freezes(course: Course) -> list[datetime]:
    """Return the moments at which the students' board stops and goes on."""
    return [at for at in (course.board_frozen_from, course.board_frozen_until) if at is not None]


def scope_of(
    course: Course, *, period: Period, cohort_id: int | None, as_of: datetime | None, is_staff: bool, now: datetime
) -> Scope:
    """Return the board that somebody sees who asks for a period, a cohort and a moment.

    What students saw while the board was frozen is the board of its begin, now and whenever they look back.
    """
    # Before the site there was nothing, however long before.
    seen_at = max(EPOCH, min(as_of, now)) if as_of is not None else now
    frozen = None if is_staff else frozen_at(course, seen_at)
    until = frozen or (seen_at if seen_at < now else None)
    return Scope(course.id, cohort_id, begin_of(period, until or now), until)


def ranked(scope: Scope, users: Collection[int] | None = None) -> Any:
    """Return (user_id, points, reached_at) of everybody on a board, of `users` alone where given; in no order."""
    if scope.until is None and scope.since is None:
        query = select(CourseTotal.user_id, CourseTotal.points, CourseTotal.reached_at).where(*_now(scope))
        query = query.where(CourseTotal.points > 0)
        return query if users is None else query.where(CourseTotal.user_id.in_(users))
    earned = standings.from_ledger(scope.course_id, since=scope.since, until=scope.until, users=users)
    people = (
        select(CourseTotal.user_id).where(*_now(scope)) if scope.until is None else _then(scope, scope.until)
    ).subquery()
    return (
        select(earned.c.user_id, earned.c.points, earned.c.reached_at)
        .join(people, people.c.user_id == earned.c.user_id)
        .where(earned.c.points > 0)
    )


def _now(scope: Scope) -> list[Any]:
    found: list[Any] = [CourseTotal.course_id == scope.course_id, CourseTotal.is_ranked]
    return found if scope.cohort_id is None else [*found, CourseTotal.cohort_id == scope.cohort_id]


def _then(scope: Scope, at: datetime) -> Any:
    """Return those who were ranked at a moment, by the last line before it."""
    last = (
        select(BoardPlace.user_id, BoardPlace.is_ranked, BoardPlace.cohort_id)
        .where(BoardPlace.course_id == scope.course_id, BoardPlace.since <= at)
        .distinct(BoardPlace.user_id)
        .order_by(BoardPlace.user_id, BoardPlace.id.desc())
        .subquery()
    )
    is_meant = (
        last.c.is_ranked if scope.cohort_id is None else and_(last.c.is_ranked, last.c.cohort_id == scope.cohort_id)
    )
    return select(last.c.user_id).where(is_meant)
