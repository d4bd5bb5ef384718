"""A course's leaderboard: most points first, ties to who got there first. Only students are ranked."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import aliased

from extensions import db
from models import Course, CourseTotal, Enrolment, User
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
        .join(Enrolment, _of_student(CourseTotal))
        .where(CourseTotal.course_id == course.id)
        .order_by(CourseTotal.points.desc(), CourseTotal.reached_at, CourseTotal.user_id)
    )
    total = (
        db.session.scalar(
            select(func.count())
            .select_from(CourseTotal)
            .join(Enrolment, _of_student(CourseTotal))
            .where(CourseTotal.course_id == course.id)
        )
        or 0
    )
    offset = (page - 1) * per_page
    found = db.session.execute(query.limit(per_page).offset(offset))
    rows = [
        Row(offset + place, row.user_id, row.display_name, row.points, row.user_id == user_id)
        for place, row in enumerate(found, start=1)
    ]
    return Page(rows, page, max(1, -(-total // per_page)), total)


def mine(course: Course, user: User | None, shown: Page[Row] | None = None) -> Row | None:
    """Return a person's own row wherever it stands; None without points or for those who aren't ranked.

    A row that is on the page `shown` is taken from there; else those ahead are counted, and nobody behind.
    """
    if user is None:
        return None
    for row in shown.rows if shown is not None else []:
        if row.user_id == user.id:
            return row
    own = aliased(CourseTotal)
    ahead = (
        select(func.count())
        .select_from(CourseTotal)
        .join(Enrolment, _of_student(CourseTotal))
        .where(CourseTotal.course_id == course.id, _before(own))
        .scalar_subquery()
    )
    found = db.session.execute(
        select(own.points, ahead)
        .join(Enrolment, _of_student(own))
        .where(own.course_id == course.id, own.user_id == user.id)
    ).one_or_none()
    return Row(found[1] + 1, user.id, user.display_name, found[0], True) if found is not None else None


def _of_student(total: type[CourseTotal]) -> ColumnElement[bool]:
    return and_(
        Enrolment.course_id == total.course_id,
        Enrolment.user_id == total.user_id,
        Enrolment.role == "student",
    )


def _before(own: type[CourseTotal]) -> ColumnElement[bool]:
    ahead_or_tied = CourseTotal.points >= own.points  # the bound of the index; PostgreSQL sees none in the rest
    return ahead_or_tied & or_(
        CourseTotal.points > own.points,
        and_(
            CourseTotal.points == own.points,
            or_(
                CourseTotal.reached_at < own.reached_at,
                and_(CourseTotal.reached_at == own.reached_at, CourseTotal.user_id < own.user_id),
            ),
        ),
    )
