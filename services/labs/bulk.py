"""Acts on many labs at once: the staff ends, keeps and saves those of a course; leaving a course ends one's own.

Every call may be repeated.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, select

from extensions import db
from models import Course, Lab, LabSession, User
from models.lab_session import ENDED, STOPPING
from services import audit
from services.errors import Conflict, InvalidInput
from services.labs import lifecycle, running_labs

MOST_MINUTES = 480


def stop_all(course: Course, lab_id: int | None, *, now: datetime) -> int:
    """End every lab, also those that wait; return how many."""
    stopped = 0
    for lab_session in _in_order(*_of(course, lab_id), LabSession.state != STOPPING):
        try:
            lifecycle.stop(lab_session, reason="course", now=now)
        except Conflict:
            continue  # something else is moving it; pressing again ends it
        stopped += 1
    _note("labs.stopped", course, lab_id, stopped)
    return stopped


def end_in_course(user_id: int, course: Course, now: datetime) -> None:
    """End the labs of somebody who leaves the course, also those in the queue: their pages don't open any more."""
    for lab_session in _in_order(LabSession.user_id == user_id, LabSession.course_id == course.id):
        lifecycle.stop(lab_session, reason="course", now=now)


def end_of_person(user_id: int, now: datetime) -> None:
    """End all labs of somebody whose account goes, also those in the queue."""
    for lab_session in _in_order(LabSession.user_id == user_id):
        lifecycle.stop(lab_session, reason="admin", now=now)


def end_of_lab(lab: Lab, now: datetime) -> int:
    """End all sessions of a lab that is gone from its course; return how many there were."""
    lab_sessions = _in_order(LabSession.lab_id == lab.id)
    for lab_session in lab_sessions:
        lifecycle.stop(lab_session, reason="course", now=now)
    return len(lab_sessions)


def keep_all(course: Course, lab_id: int | None, minutes: int, by: User, *, now: datetime) -> int:
    """Let no running lab stop for idleness for so many minutes; return how many that changes.

    Nothing outlives its longest life.
    """
    if not 1 <= minutes <= MOST_MINUTES:
        raise InvalidInput("minutes", f"must be 1 to {MOST_MINUTES}")
    until = now + timedelta(minutes=minutes)
    kept = running_labs.keep(_of(course, lab_id), until, now, name=by.display_name, minutes=minutes)
    _note("labs.kept", course, lab_id, kept, minutes=minutes)
    return kept


def save_all(course: Course, lab_id: int | None, *, now: datetime) -> int:
    """Ask for the work in every running lab to be saved; return for how many that is new. The scheduler does it."""
    asked = running_labs.ask_to_save(_of(course, lab_id), now)
    _note("labs.saved", course, lab_id, asked)
    return asked


def _note(act: str, course: Course, lab_id: int | None, count: int, **more: int) -> None:
    """Note what was done for all labs of a course, or for those of one definition."""
    lab = db.session.get(Lab, lab_id) if lab_id is not None else None
    audit.note(act, course.id, lab=lab.slug if lab else None, labs=count, **more)


def _in_order(*where: ColumnElement[bool]) -> Sequence[LabSession]:
    """Return sessions that haven't ended, in key order, so that two callers at once don't wait in a circle."""
    query = select(LabSession).where(*where, LabSession.state != ENDED).order_by(LabSession.id)
    return db.session.scalars(query).all()


def _of(course: Course, lab_id: int | None) -> tuple[Any, ...]:
    course_only = (LabSession.course_id == course.id,)
    return course_only if lab_id is None else (*course_only, LabSession.lab_id == lab_id)
