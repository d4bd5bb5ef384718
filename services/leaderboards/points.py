"""The points ledger, and the totals that are kept with it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from extensions import db
from models import CourseTotal, PointEntry
from models.points import Kind
from services import live
from services.leaderboards import standings


@dataclass(frozen=True)
class Total:
    """Whose total of which course is held, and when it last changed."""

    user_id: int
    course_id: int
    changed_at: datetime


@dataclass(frozen=True)
class Given:
    """What an instructor says about the points that they give: who they are, and why, in their own words."""

    by_id: int
    reason: str


def award(
    *,
    user_id: int,
    course_id: int,
    source: str,
    kind: Kind,
    points: int,
    now: datetime,
    given: Given | None = None,
) -> bool:
    """Write `points` for `source` unless the person has anything from it; return whether this call wrote them.

    Whoever awards points to several people in one transaction does it in the order of their IDs.
    """
    if not points or _entries(user_id, source)[1]:
        return False
    total = _lock(user_id, course_id, now)
    if _entries(user_id, source)[1]:
        return False  # by somebody who was faster
    _write(total, source, 1, kind, points, now, given)
    return True


def settle(
    *,
    user_id: int,
    course_id: int,
    source: str,
    kind: Kind,
    points: int,
    now: datetime,
    given: Given | None = None,
    may_lower: bool = True,
) -> int:
    """Make the person's entries of `source` add up to `points`, by one more entry; return how much that entry says.

    `points` may be lower than before, unless not `may_lower`: then what is there stays. A repetition writes nothing and
    returns 0. Whoever settles for several people in one transaction does it in the order of their IDs.
    """
    if not points and not _entries(user_id, source)[1]:
        return 0
    total = _lock(user_id, course_id, now)
    before, number = _entries(user_id, source)
    if points == before or (points < before and not may_lower):
        return 0
    _write(total, source, number + 1, kind, points - before, now, given)
    return points - before


def held(user_id: int, source: str) -> int:
    """Return what a person has from a source."""
    return _entries(user_id, source)[0]


def mend(*, user_id: int, course_id: int, now: datetime) -> None:
    """Set a person's total to what the ledger adds up to."""
    total = _lock(user_id, course_id, now)
    standing = standings.of_person(course_id, user_id)
    if standing is None:
        _move(total, points=0)
    else:
        _move(total, points=standing.points, reached_at=standing.reached_at, changed_at=standing.changed_at)
    live.board_changed(course_id)


def _lock(user_id: int, course_id: int, now: datetime) -> Total:
    """Return the person's total, held until the commit: of one person and course, entries are written one by one."""
    mine = CourseTotal.course_id == course_id, CourseTotal.user_id == user_id
    changed_at = db.session.execute(select(CourseTotal.changed_at).where(*mine).with_for_update()).scalar()
    if changed_at is None:
        row = insert(CourseTotal).values(user_id=user_id, course_id=course_id, points=0, reached_at=now, changed_at=now)
        # Where somebody else was faster, an update of nothing waits for them and then holds the row.
        made = row.on_conflict_do_update(
            index_elements=["course_id", "user_id"], set_={"changed_at": CourseTotal.changed_at}
        )
        changed_at = db.session.execute(made.returning(CourseTotal.changed_at)).scalar_one()
    return Total(user_id, course_id, changed_at)


def _entries(user_id: int, source: str) -> tuple[int, int]:
    """Return the sum of a source's entries, and the number of the last one."""
    query = select(func.coalesce(func.sum(PointEntry.points), 0), func.coalesce(func.max(PointEntry.number), 0)).where(
        PointEntry.user_id == user_id, PointEntry.source == source
    )
    points, number = db.session.execute(query).one()
    return int(points), int(number)


def _write(total: Total, source: str, number: int, kind: Kind, points: int, now: datetime, given: Given | None) -> None:
    # A clock that was set back, or a request that took its time before it got here, must not turn the order round.
    at = max(now, total.changed_at)
    entry = insert(PointEntry).values(
        user_id=total.user_id,
        course_id=total.course_id,
        source=source,
        number=number,
        kind=kind,
        points=points,
        reason=given.reason if given else None,
        given_by_id=given.by_id if given else None,
        created_at=at,
    )
    written = entry.returning(PointEntry.points).cte("written")
    _move(total, reached_at=at, changed_at=at, points=CourseTotal.points + select(written.c.points).scalar_subquery())
    standing = standings.of_person(total.course_id, total.user_id) if points < 0 else None
    if standing is not None:
        _move(total, reached_at=standing.reached_at)
    live.board_changed(total.course_id)


def _move(total: Total, **values: Any) -> None:
    db.session.execute(
        update(CourseTotal)
        .where(CourseTotal.course_id == total.course_id, CourseTotal.user_id == total.user_id)
        .values(**values),
        execution_options={"synchronize_session": False},
    )
