"""Points that an instructor gives, or takes, by hand, with a reason that its student reads."""

from datetime import datetime

from sqlalchemy import select

from extensions import db
from models import Enrolment, PointEntry, User
from services import audit
from services.errors import Conflict
from services.leaderboards import points
from services.leaderboards.points import Given

MOST_POINTS = 10_000
LONGEST_REASON = 500
LONGEST_KEY = 64


def give(place: Enrolment, amount: int, reason: str, *, key: str, by: User, now: datetime) -> tuple[PointEntry, bool]:
    """Write points for a student, less than none to take some; return the entry, and whether this call wrote it.

    `key` is the sender's name for this award: sent again, it writes nothing. `reason` stays as it was written.
    """
    if place.role != "student":
        raise Conflict("Only students have points.")
    source = f"award:{key}"
    is_new = points.award(
        user_id=place.user_id,
        course_id=place.course_id,
        source=source,
        kind="award",
        points=amount,
        now=now,
        given=Given(by.id, reason),
    )
    mine = select(PointEntry).where(PointEntry.user_id == place.user_id, PointEntry.source == source)
    entry = db.session.scalars(mine).one()
    if is_new:
        audit.note("points.given", place.course_id, person_id=place.user_id, entry=entry.id, points=amount)
    return entry, is_new
