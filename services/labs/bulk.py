"""What is done for many labs at once: the staff ends, keeps and saves those of a course; whoever leaves ends theirs.

Again is harmless.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from extensions import db
from models import Course, Lab, LabSession, User
from models.lab_session import ENDED, STOPPING
from services.errors import Conflict, InvalidInput
from services.labs import lifecycle, running_labs

MOST_MINUTES = 480


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


def end_in_course(user_id: int, course: Course, now: datetime) -> None:
    """End what somebody who leaves the course has there, in the queue, too: their pages don't open any more."""
    query = select(LabSession).where(LabSession.user_id == user_id, LabSession.course_id == course.id)
    for lab_session in db.session.scalars(query.where(LabSession.state != ENDED)):
        lifecycle.stop(lab_session, reason="course", now=now)


def end_of_lab(lab: Lab, now: datetime) -> int:
    """End what runs or waits of a lab that is gone from its course; return how many there were."""
    query = select(LabSession).where(LabSession.lab_id == lab.id, LabSession.state != ENDED)
    lab_sessions = db.session.scalars(query).all()
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
    return running_labs.keep(_of(course, lab_id), until, now, name=by.display_name, minutes=minutes)


def save_all(course: Course, lab_id: int | None, *, now: datetime) -> int:
    """Ask for the work in every running lab to be saved; return for how many that is new. The scheduler does it."""
    return running_labs.ask_to_save(_of(course, lab_id), now)


def _of(course: Course, lab_id: int | None) -> tuple[Any, ...]:
    course_only = (LabSession.course_id == course.id,)
    return course_only if lab_id is None else (*course_only, LabSession.lab_id == lab_id)
