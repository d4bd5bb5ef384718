"""Whether totals are what the ledger adds up to. An audit reports; it sets totals right only where it is told to."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, func, or_, select

from extensions import db
from models import Course, CourseTotal, PointAudit, PointEntry, User
from services import audit as log
from services.leaderboards import points, standings

# People who are added up in one statement.
BATCH = 5_000
# What an audit remembers of what it found; all of it is counted.
MOST_FOUND = 100
NIGHT = timedelta(hours=3)
TURN = "points-audit"


@dataclass(frozen=True)
class Drift:
    """A total that isn't what the ledger adds up to. `is_late` says that only its times are wrong."""

    course_id: int
    user_id: int
    kept: int
    added: int
    is_late: bool


def ask(course: Course | None, *, mend: bool, by: User | None, now: datetime) -> PointAudit:
    """Let the scheduler make an audit of a course, or of all."""
    audit = PointAudit(
        course_id=course.id if course else None, is_to_mend=mend, asked_by_id=by.id if by else None, asked_at=now
    )
    db.session.add(audit)
    db.session.flush()
    log.note("points.audit_asked", audit.course_id, audit=audit.id, mend=mend)
    return audit


def newest(most: int = 25) -> list[PointAudit]:
    """Return the last audits, the newest first."""
    return list(db.session.scalars(select(PointAudit).order_by(PointAudit.id.desc()).limit(most)))


def due(now: ColumnElement[datetime]) -> ScalarSelect[Any]:
    """Ask for the time of the next audit: one that waits, or that of the night after the last one of all courses."""
    waiting = select(func.min(PointAudit.asked_at)).where(PointAudit.ended_at.is_(None))
    # The first night comes after the first entry.
    first = select(PointEntry.created_at).order_by(PointEntry.id).limit(1)
    last = select(func.max(PointAudit.ended_at)).where(PointAudit.course_id.is_(None))
    night = func.date_trunc("day", func.coalesce(last.scalar_subquery(), first.scalar_subquery()) - NIGHT, "UTC")
    following = night + NIGHT + timedelta(days=1)
    return select(func.least(waiting.scalar_subquery(), following)).scalar_subquery()


def take(now: datetime) -> PointAudit | None:
    """Return the audit that is due, held until the commit; None where none is, or somebody else makes it."""
    if not db.session.scalar(select(func.pg_try_advisory_xact_lock(func.hashtextextended(TURN, 0)))):
        return None
    waiting = select(PointAudit).where(PointAudit.ended_at.is_(None)).order_by(PointAudit.asked_at).limit(1)
    audit = db.session.scalars(waiting).one_or_none()
    due_at = db.session.scalar(select(due(func.now())))
    if audit is not None or due_at is None or due_at > now:
        return audit
    return ask(None, mend=False, by=None, now=now)


def make(audit: PointAudit, *, now: Callable[[], datetime], beat: Callable[[], None] = lambda: None) -> PointAudit:
    """Compare every total with the ledger, and write down what is found. `beat` is called now and then."""
    for totals, drifts in _batches(audit.course_id):
        beat()
        audit.totals += totals
        audit.drifts += len(drifts)
        audit.found = [*audit.found, *(asdict(drift) for drift in drifts)][:MOST_FOUND]
        for drift in drifts if audit.is_to_mend else ():
            points.mend(user_id=drift.user_id, course_id=drift.course_id, now=now())
            audit.mended += 1
    audit.ended_at = now()
    db.session.flush()
    return audit


def _batches(course_id: int | None) -> Iterator[tuple[int, list[Drift]]]:
    courses = [course_id] if course_id else db.session.scalars(select(Course.id).order_by(Course.id)).all()
    for course in courses:
        after: int | None = -1
        while after is not None:
            query = select(CourseTotal.user_id).where(CourseTotal.course_id == course, CourseTotal.user_id > after)
            upto = db.session.scalar(query.order_by(CourseTotal.user_id).offset(BATCH - 1).limit(1))
            # Entries of people without a total are in one of the ranges, too: the last one has no end.
            yield _compare(course, (after + 1, upto if upto is not None else 2**63 - 1))
            after = upto


def _compare(course_id: int, between: tuple[int, int]) -> tuple[int, list[Drift]]:
    """Return how many totals are in the range, and which are wrong: both sides of each are read at one moment."""
    added = standings.from_ledger(course_id, between=between)
    kept = (
        select(CourseTotal).where(CourseTotal.course_id == course_id, CourseTotal.user_id.between(*between)).subquery()
    )
    user_id = func.coalesce(kept.c.user_id, added.c.user_id)
    kept_points, added_points = func.coalesce(kept.c.points, 0), func.coalesce(added.c.points, 0)
    is_late = (kept.c.reached_at != added.c.reached_at) | (kept.c.changed_at != added.c.changed_at)
    is_wrong = or_(kept_points != added_points, is_late)
    both = kept.join(added, kept.c.user_id == added.c.user_id, full=True)
    wrong = select(user_id, kept_points, added_points).select_from(both).where(is_wrong).order_by(user_id)
    drifts = [Drift(course_id, row[0], row[1], int(row[2]), row[1] == row[2]) for row in db.session.execute(wrong)]
    people = db.session.scalar(select(func.count()).select_from(kept)) or 0
    return people, drifts
