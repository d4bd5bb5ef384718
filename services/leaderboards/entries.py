"""A person's entries in a course's ledger, with what they are for."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Text, and_, cast, func, select
from sqlalchemy.orm import aliased

from extensions import db
from models import Activity, Course, CourseTotal, LabCheck, PointEntry, User
from services.paging import PER_PAGE, Page, clamp

GIVER = aliased(User)


@dataclass(frozen=True)
class Entry:
    """A line of the ledger. `title` is of its lesson, quiz or check; `reason` and `given_by` are an award's."""

    id: int
    kind: str
    points: int
    source: str
    title: str | None
    activity: Activity | None
    reason: str | None
    given_by: str | None
    at: datetime


def of(course: Course, user_id: int, page: int = 1, per_page: int = PER_PAGE) -> Page[Entry]:
    """Return a person's entries, the newest first."""
    page = clamp(page)
    mine = PointEntry.course_id == course.id, PointEntry.user_id == user_id
    prefix, key = (func.split_part(PointEntry.source, ":", part) for part in (1, 2))
    query: Any = (
        select(PointEntry, Activity, LabCheck.title, GIVER.display_name)
        .outerjoin(LabCheck, and_(prefix == "check", key == cast(LabCheck.id, Text)))
        .outerjoin(
            Activity,
            and_(
                Activity.course_id == course.id,
                (Activity.id == LabCheck.lab_id) | (prefix.in_(["lesson", "quiz"]) & (key == cast(Activity.id, Text))),
            ),
        )
        .outerjoin(GIVER, GIVER.id == PointEntry.given_by_id)
        .where(*mine)
        .order_by(PointEntry.id.desc())
    )
    total = db.session.scalar(select(func.count()).select_from(PointEntry).where(*mine)) or 0
    rows = [_entry(*row) for row in db.session.execute(query.limit(per_page).offset((page - 1) * per_page))]
    return Page(rows, page, max(1, -(-total // per_page)), total)


def total(course: Course, user_id: int) -> int:
    """Return what a person has in a course."""
    mine = CourseTotal.course_id == course.id, CourseTotal.user_id == user_id
    return db.session.scalar(select(CourseTotal.points).where(*mine)) or 0


def _entry(row: PointEntry, activity: Activity | None, check: str | None, giver: str | None) -> Entry:
    title = check or (activity.title if activity else None)
    return Entry(row.id, row.kind, row.points, row.source, title, activity, row.reason, giver, row.created_at)
