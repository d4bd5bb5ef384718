"""Lab sessions as their student handles them: asked for, stopped, reset, kept longer, looked at.

What the scheduler does with them is in `lab_queue`, `lab_runs` and `lab_reconcile`.
"""

import uuid
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import joinedload

from extensions import db
from models import Course, Enrolment, Lab, LabSession, User
from models.lab_session import ENDED, QUEUED, RUNNING, STARTING, STOPPING
from services import idle, lab_moves, lab_queue, live
from services.errors import Conflict, NotFound
from services.lab_document import describe, facts_of

__all__ = [
    "active_for",
    "active_of",
    "describe",
    "extend",
    "latest_for",
    "load",
    "offered_to",
    "queue_position",
    "request",
    "reset",
    "stop",
]

MAX_JOB_ID = 100
TRIES = 3


def request(user_id: int, lab: Lab, course: Course, *, now: datetime) -> LabSession:
    """Ask for a machine, or return the session that is active already.

    The partial unique index lets one of two racing requests insert; the other waits for it and returns that one.
    """
    handle = db.session.scalars(select(User.handle).where(User.id == user_id)).one()
    for _ in range(TRIES):
        session_id = uuid.uuid4()
        row = insert(LabSession).values(
            id=session_id,
            user_id=user_id,
            lab_id=lab.id,
            course_id=course.id,
            job_id=job_id(course.slug, lab.slug, handle, session_id),
            queued_at=now,
            last_active_at=now,
        )
        db.session.execute(row.on_conflict_do_nothing())
        found = active_for(user_id, lab.id)
        if found is not None:
            if found.id == session_id:
                live.nudge("labs")
            return found
    raise Conflict


def job_id(course: str, lab: str, handle: str, session_id: uuid.UUID) -> str:
    """Return the name of a session for the backend and for operators: `lab-<course>-<lab>-<handle>-<8 hex>`.

    At most 100 characters: long slugs are cut, the handle and the session's digits never.
    """
    tail = f"-{handle}-{session_id.hex[:8]}"
    room = MAX_JOB_ID - len("lab--") - len(tail)
    shown = course[: max(room // 2, room - len(lab))]
    return f"lab-{shown}-{lab[: room - len(shown)]}{tail}"


def stop(lab_session: LabSession, *, reason: str, now: datetime) -> LabSession:
    """End a session: at once while it waits, else as soon as its machine is gone. Again is harmless."""
    for _ in range(TRIES):
        state = lab_session.state
        if state == ENDED or (state == STOPPING and not lab_session.is_resetting):
            return lab_session
        if state == QUEUED:
            moved = lab_moves.end(lab_session.id, QUEUED, reason, now)
            lab_moves.tell_queue()
        elif state == STOPPING:
            moved = lab_moves.change(lab_session.id, STOPPING, is_resetting=False, reason=reason)
        else:
            moved = lab_moves.stop_machine(lab_session.id, state, now, reason=reason)
        if moved is not None:
            return moved
        db.session.refresh(lab_session)
    raise Conflict


def reset(lab_session: LabSession, now: datetime) -> LabSession:
    """Throw the machine and the student's files in it away, and start anew. Again is harmless."""
    moved = lab_moves.stop_machine(lab_session.id, RUNNING, now, is_resetting=True, is_fresh=True)
    if moved is not None:
        return moved
    db.session.refresh(lab_session)
    if lab_session.is_resetting:
        return lab_session
    raise Conflict("Only a lab that runs can be reset.")


def extend(lab_session: LabSession, now: datetime) -> LabSession:
    """Say that the student is still there: idleness counts from now. The longest life stays what it is."""
    if lab_session.state != RUNNING:
        raise Conflict("This lab doesn't run.")
    if not idle.can_extend(facts_of(lab_session)):
        raise Conflict("This lab has reached its longest life and can't be kept longer.")
    moved = lab_moves.change(lab_session.id, RUNNING, last_active_at=now, warned_at=None)
    if moved is None:
        raise Conflict("This lab doesn't run.")
    return moved


def load(session_id: uuid.UUID) -> LabSession:
    """Return a session with its lab and course; raise NotFound."""
    query = select(LabSession).options(joinedload(LabSession.lab), joinedload(LabSession.course))
    found = db.session.scalar(query.where(LabSession.id == session_id))
    if found is None:
        raise NotFound
    return found


def active_for(user_id: int, lab_id: int) -> LabSession | None:
    """Return the person's session of the lab that hasn't ended."""
    query = select(LabSession).where(LabSession.user_id == user_id, LabSession.lab_id == lab_id)
    return db.session.scalar(query.where(LabSession.state != ENDED))


def latest_for(user_id: int, lab_id: int) -> LabSession | None:
    """Return the person's newest session of the lab, ended or not."""
    query = select(LabSession).where(LabSession.user_id == user_id, LabSession.lab_id == lab_id)
    return db.session.scalars(query.order_by(LabSession.queued_at.desc()).limit(1)).one_or_none()


def active_of(user_id: int) -> list[LabSession]:
    """Return the person's sessions that haven't ended, with lab and course, the newest first."""
    query = (
        select(LabSession)
        .options(joinedload(LabSession.lab), joinedload(LabSession.course))
        .where(LabSession.user_id == user_id, LabSession.state != ENDED)
        .order_by(LabSession.queued_at.desc())
    )
    return list(db.session.scalars(query))


def offered_to(user_id: int) -> list[tuple[Lab, Course]]:
    """Return the labs of the person's courses, in the order of the courses' titles and of the labs in them."""
    query = (
        select(Lab, Course)
        .join(Course, Course.id == Lab.course_id)
        .join(Enrolment, Enrolment.course_id == Course.id)
        .where(Enrolment.user_id == user_id, ~Lab.is_archived)
        .order_by(Course.title, Course.id, Lab.module_id, Lab.position, Lab.id)
    )
    return [(lab, course) for lab, course in db.session.execute(query)]


def queue_position(lab_session: LabSession) -> int | None:
    """Return the session's place in the queue, from 1; None when it doesn't wait."""
    return lab_queue.place(lab_session)[0] if lab_session.state == QUEUED else None


