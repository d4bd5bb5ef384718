"""A course's leaderboard: most points first, ties to who got there first. Only students are ranked."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.orm import aliased

from extensions import db
from models import Course, CourseTotal, PointCount, User
from services.paging import PER_PAGE, Page, clamp


@dataclass(frozen=True)
class Row:
    """A place on the board; `rank` counts from 1."""

    rank: int
    user_id: int
    name: str
    points: int
    is_me: bool


def board(course: Course, user_id: int | None, page: int = 1, per_page: int = PER_PAGE) -> Page[Row]:
    """Return a page of the board. The index on (course, points, reached_at, user) gives it in order."""
    page = clamp(page)
    query = (
        select(CourseTotal.user_id, User.display_name, CourseTotal.points)
        .join(User, User.id == CourseTotal.user_id)
        .where(CourseTotal.course_id == course.id, CourseTotal.is_ranked)
        .order_by(CourseTotal.points.desc(), CourseTotal.reached_at, CourseTotal.user_id)
    )
    total = int(db.session.scalar(_counted().where(PointCount.course_id == course.id)) or 0)
    offset = (page - 1) * per_page
    ranked = db.session.execute(query.limit(per_page).offset(offset))
    rows = [
        Row(offset + place, row.user_id, row.display_name, row.points, row.user_id == user_id)
        for place, row in enumerate(ranked, start=1)
    ]
    return Page(rows, page, max(1, -(-total // per_page)), total)


def mine(course: Course, user: User | None, shown: Page[Row] | None = None) -> Row | None:
    """Return a person's own row wherever it stands; None without points or for those who aren't ranked.

    A row that is on the page `shown` is taken from there. Else those with more points are added up from their counts,
    and only those who tie are counted one by one (docs/adr/0024).
    """
    if user is None:
        return None
    for row in shown.rows if shown is not None else []:
        if row.user_id == user.id:
            return row
    own = aliased(CourseTotal)
    above = _counted().where(PointCount.course_id == own.course_id, PointCount.points > own.points)
    tied = select(func.count()).where(
        CourseTotal.course_id == own.course_id,
        CourseTotal.is_ranked,
        CourseTotal.points == own.points,
        tuple_(CourseTotal.reached_at, CourseTotal.user_id) < tuple_(own.reached_at, own.user_id),
    )
    standing = db.session.execute(
        select(own.points, above.scalar_subquery() + tied.scalar_subquery() + 1).where(
            own.course_id == course.id, own.user_id == user.id, own.is_ranked
        )
    ).one_or_none()
    return Row(int(standing[1]), user.id, user.display_name, standing[0], True) if standing is not None else None


def _counted() -> Select[Any]:
    return select(func.coalesce(func.sum(PointCount.students), 0))
