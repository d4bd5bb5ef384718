"""Events of courses: an outbox, and the feed in which programs follow it without missing anything.

1. An event is a row, written in the transaction that it tells of: by triggers, whichever way a row changed, or by
   `note`. Transactions commit in another order than they began, so its ID says nothing of when others can see it.
2. `place` gives committed events their positions, one transaction after the other: each holds the one row of the
   counter until its own commit. An event that commits later gets a higher position, whatever its ID.
3. A reader asks for what stands after a position (`page`). Every position up to the counter's last one is visible,
   and no event ever gets one below it: nothing is missed (docs/adr/0063-events-are-placed-once-they-are-committed.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert

from extensions import db
from models import Course, CourseEvent, EventCounter
from reasons import Code, Reason
from services.errors import Refused

# Every kind, and what its detail says beside whom and which course it concerns.
KINDS: dict[str, tuple[str, ...]] = {
    "attempt.submitted": ("attempt", "quiz", "number", "closed_by"),
    "attempt.graded": ("attempt", "quiz", "number", "score", "max_score"),
    "lab.ended": ("session", "lab", "reason"),
    "certificate.issued": ("certificate",),
    "enrolment.created": ("role",),
    "enrolment.deleted": ("role",),
}
# What gets its place in one transaction.
BATCH = 500
PER_PAGE = 100
# What is pruned in one transaction.
MOST_PRUNED = 5_000
ONLY = 1


@dataclass(frozen=True)
class Slice:
    """Events in the order of their positions; with `after` the next page begins, now or once there is more.

    `last` is the newest position of all courses.
    """

    rows: Sequence[CourseEvent]
    after: int
    last: int


def note(kind: str, course_id: int, user_id: int | None, **detail: Any) -> None:
    """Tell an event that no trigger sees; it is part of the caller's transaction."""
    if set(detail) != set(KINDS[kind]):
        raise ValueError(f"{kind} says {', '.join(KINDS[kind])}")
    db.session.execute(select(func.note_event(kind, course_id, user_id, bindparam("detail", detail, type_=JSONB))))


def place() -> Sequence[CourseEvent]:
    """Give committed events their positions, in the order in which they were written; return them.

    Nobody else gives any until the caller's commit, and what comes then is placed behind them.
    """
    counter = _hold()
    unplaced = select(CourseEvent.id).where(CourseEvent.position.is_(None)).order_by(CourseEvent.id).limit(BATCH)
    first = unplaced.subquery()
    numbered = select(first.c.id, func.row_number().over(order_by=first.c.id).label("number")).subquery()
    placed = (
        update(CourseEvent)
        .where(CourseEvent.id == numbered.c.id)
        .values(position=counter.last_position + numbered.c.number)
        .returning(CourseEvent)
        .execution_options(synchronize_session=False)
    )
    rows = sorted(db.session.scalars(placed), key=lambda event: event.position or 0)
    counter.last_position += len(rows)
    db.session.flush()
    return rows


def page(course: Course, *, after: int | None, kinds: Sequence[str] = (), per_page: int = PER_PAGE) -> Slice:
    """Return the events of a course behind a position; None is the begin of what is kept.

    Refused where events behind `after` were pruned (who asks again after so long has missed some), and where there is
    no such position yet: the site was set back to a backup, and gives positions anew.
    """
    # Before the events: what stands up to the last position is visible to the next statement.
    counter = db.session.get(EventCounter, ONLY, populate_existing=True) or EventCounter(
        id=ONLY, last_position=0, pruned_position=0
    )
    last, begin = counter.last_position, counter.pruned_position
    if after is not None and after < begin:
        raise Refused(Reason(Code.EVENTS_PRUNED, first=begin))
    if after is not None and after > last:
        raise Refused(Reason(Code.EVENTS_AHEAD, last=last))
    query = select(CourseEvent).where(
        CourseEvent.course_id == course.id,
        CourseEvent.position > (begin if after is None else after),
        CourseEvent.position <= last,
    )
    if kinds:
        query = query.where(CourseEvent.kind.in_(kinds))
    rows = db.session.scalars(query.order_by(CourseEvent.position).limit(per_page)).all()
    # A page that isn't full has shown all up to the last one, also where that is of other courses.
    behind = rows[-1].position if len(rows) == per_page else last
    return Slice(rows, behind or 0, last)


def document(event: CourseEvent, course: str) -> dict[str, Any]:
    """Return an event as programs get it, from the feed and by webhooks; `course` is its course's slug."""
    data = {"course": course, "user_id": event.user_id, **event.detail}
    return {"type": event.kind, "timestamp": event.at.isoformat(), "data": data}


def prune(before: datetime) -> int:
    """Delete the oldest events, up to the first one that is younger than `before`; return how many."""
    counter = _hold()
    young = select(func.min(CourseEvent.position)).where(CourseEvent.at >= before).scalar_subquery()
    until = db.session.scalar(select(func.coalesce(young - 1, counter.last_position))) or 0
    until = min(until, counter.pruned_position + MOST_PRUNED)
    if until <= counter.pruned_position:
        return 0
    gone = db.session.execute(delete(CourseEvent).where(CourseEvent.position <= until).returning(CourseEvent.id)).all()
    counter.pruned_position = until
    db.session.flush()
    return len(gone)


def due(_now: ColumnElement[datetime]) -> ScalarSelect[Any]:
    """Ask since when an event waits for its position."""
    return select(func.min(CourseEvent.at)).where(CourseEvent.position.is_(None)).scalar_subquery()


def _hold() -> EventCounter:
    """Return the counter as it is now, held until the commit."""
    db.session.execute(insert(EventCounter).values(id=ONLY).on_conflict_do_nothing())
    held = select(EventCounter).where(EventCounter.id == ONLY).with_for_update()
    return db.session.scalars(held.execution_options(populate_existing=True)).one()
