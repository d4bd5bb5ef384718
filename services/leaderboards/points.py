"""The points ledger, and the totals that are kept with it."""

from datetime import datetime

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert

from extensions import db
from models import CourseTotal, PointEntry
from services import live


def award(*, user_id: int, course_id: int, source: str, points: int, now: datetime) -> bool:
    """Write `points` for `source` once; return whether this call wrote them.

    The ledger's unique (user, source) makes a repetition harmless. Entry and total stand in one transaction, and
    `reached_at` moves with the total: ties go to who got there first.
    """
    if points <= 0:
        return False
    entry = insert(PointEntry).values(
        user_id=user_id, course_id=course_id, source=source, points=points, created_at=now
    )
    written = db.session.execute(entry.on_conflict_do_nothing().returning(PointEntry.id)).scalar()
    if written is None:
        return False
    total = insert(CourseTotal).values(user_id=user_id, course_id=course_id, points=points, reached_at=now)
    db.session.execute(
        total.on_conflict_do_update(
            index_elements=["course_id", "user_id"],
            set_={
                "points": CourseTotal.points + total.excluded.points,
                "reached_at": func.greatest(CourseTotal.reached_at, total.excluded.reached_at),
            },
        )
    )
    live.board_changed(course_id)
    return True
