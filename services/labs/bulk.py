"""What the staff does for all labs of a course, or of one lab in it: end, keep, save. Again is harmless."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select, update

from extensions import db
from models import Course, LabSession, User
from models.lab_session import ENDED, RUNNING, STOPPING
from services import live, timelines
from services.errors import Conflict, InvalidInput
from services.labs import lifecycle

MOST_MINUTES = 480
# Whoever presses twice means it once.
AGAIN = timedelta(minutes=1)


def stop_all(course: Course, lab_id: int | None, *, now: datetime) -> int:
    """End every lab, also those that wait; return how many."""
    query = select(LabSession).where(*_of(course, lab_id), LabSession.state.not_in((ENDED, STOPPING)))
    stopped = 0
    # In one order, so that two who press at once don't hold each other up.
    for lab_session in db.session.scalars(query.order_by(LabSession.id)).all():
        try:
            lifecycle.stop(lab_session, reason="course", now=now)
        except Conflict:
            continue  # something else moves it, and whoever presses again will find it
        stopped += 1
    return stopped


def keep_all(course: Course, lab_id: int | None, minutes: int, by: User, *, now: datetime) -> int:
    """Let no running lab stop for idleness for so many minutes; return how many that changes.

    Nothing outlives its longest life.
    """
    if not 1 <= minutes <= MOST_MINUTES:
        raise InvalidInput("minutes", f"must be 1 to {MOST_MINUTES}")
    until = func.least(now + timedelta(minutes=minutes), LabSession.expires_at)
    is_new = or_(LabSession.kept_until.is_(None), LabSession.kept_until < until - AGAIN)
    where = (*_of(course, lab_id), LabSession.state == RUNNING, is_new)
    kept = _change(where, kept_until=until, warned_at=None, warned_last_at=None)
    for session_id in kept:
        timelines.note(session_id, "extended", now, name=by.display_name, minutes=minutes)
    return len(kept)


def save_all(course: Course, lab_id: int | None, *, now: datetime) -> int:
    """Ask for the work in every running lab to be saved; return for how many that is new. The scheduler does it."""
    where = (*_of(course, lab_id), LabSession.state == RUNNING, LabSession.save_requested_at.is_(None))
    asked = _change(where, save_requested_at=now)
    if asked:
        live.nudge("labs")
    return len(asked)


def _of(course: Course, lab_id: int | None) -> tuple[Any, ...]:
    course_only = (LabSession.course_id == course.id,)
    return course_only if lab_id is None else (*course_only, LabSession.lab_id == lab_id)


def _change(where: tuple[Any, ...], **values: Any) -> list[Any]:
    # In one order, so that two who press at once don't hold each other up.
    locked = select(LabSession.id).where(*where).order_by(LabSession.id).with_for_update()
    changed = list(
        db.session.scalars(
            update(LabSession)
            .where(LabSession.id.in_(locked), *where)
            .values(**values)
            .returning(LabSession.id)
            .execution_options(synchronize_session=False)
        )
    )
    db.session.expire_all()
    for session_id in changed:
        live.lab_changed(session_id)
    return changed
