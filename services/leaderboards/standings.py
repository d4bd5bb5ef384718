"""Standings from the ledger: what each person's entries add up to, and since when. The totals are kept to equal them.

Somebody reached their score at the entry since which their sum has never been lower than it is now. So who is taken
down from 20 to 18 has had 18 since they had 20, and a correction that lowers a whole class keeps its order.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Subquery, and_, func, select

from extensions import db
from models import PointEntry


@dataclass(frozen=True)
class Standing:
    """A person's points, when they were reached, and when an entry last changed them."""

    user_id: int
    points: int
    reached_at: datetime
    changed_at: datetime


def from_ledger(
    course_id: int,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    users: Collection[int] | None = None,
    between: tuple[int, int] | None = None,
) -> Subquery:
    """Return (user_id, points, reached_at, changed_at) of everybody with entries in a course, or of `users`.

    `since` and `until` are inclusive; only entries between them count. `between` bounds the people's IDs, inclusive.
    """
    chosen = [PointEntry.course_id == course_id]
    if since is not None:
        chosen.append(PointEntry.created_at >= since)
    if until is not None:
        chosen.append(PointEntry.created_at <= until)
    if users is not None:
        chosen.append(PointEntry.user_id.in_(users))
    if between is not None:
        chosen.append(PointEntry.user_id.between(*between))
    person = PointEntry.user_id
    # One walk through each person's entries in their order: the sum at each entry, and the sum of all.
    walked = (
        select(
            person,
            PointEntry.id,
            PointEntry.created_at,
            func.sum(PointEntry.points).over(partition_by=person, order_by=PointEntry.id).label("so_far"),
            func.sum(PointEntry.points).over(partition_by=person).label("points"),
        )
        .where(and_(*chosen))
        .subquery()
    )
    lower = func.max(walked.c.id).filter(walked.c.so_far < walked.c.points)
    marked = select(walked, lower.over(partition_by=walked.c.user_id).label("last_lower")).subquery()
    since_then = marked.c.id > func.coalesce(marked.c.last_lower, 0)
    return (
        select(
            marked.c.user_id,
            func.min(marked.c.points).label("points"),
            func.min(marked.c.created_at).filter(since_then).label("reached_at"),
            func.max(marked.c.created_at).label("changed_at"),
        )
        .group_by(marked.c.user_id)
        .subquery()
    )


def of_person(course_id: int, user_id: int) -> Standing | None:
    """Return the standing of somebody in a course; None where they have no entries."""
    row = db.session.execute(select(from_ledger(course_id, users=[user_id]))).one_or_none()
    return None if row is None else Standing(row.user_id, int(row.points), row.reached_at, row.changed_at)
