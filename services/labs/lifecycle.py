"""The life of a lab session: asked for, moved from state to state, stopped, reset, kept longer.

Machines are the scheduler's: here a row is written and the scheduler nudged.
"""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import inspect, select, update
from sqlalchemy.dialects.postgresql import insert

from extensions import db
from models import Course, Lab, LabSession, User
from models.lab_session import ENDED, QUEUED, RUNNING, STOPPING, TRANSITIONS
from services import live, timelines
from services.errors import Conflict
from services.labs.document import facts_of
from services.labs.job_names import job_id
from services.labs.sessions import active_for

TRIES = 3
MOST_TOLD = 500


def request(
    user: User, lab: Lab, course: Course, *, now: datetime, is_fresh: bool = False, restore_id: int | None = None
) -> LabSession:
    """Ask for a machine, or return the session that is active already.

    It begins with the newest save; `is_fresh`: without; `restore_id`: with that one.

    The partial unique index lets one of two racing requests insert; the other waits for it and returns that one.
    """
    for _ in range(TRIES):
        session_id = uuid.uuid4()
        row = insert(LabSession).values(
            id=session_id,
            user_id=user.id,
            lab_id=lab.id,
            course_id=course.id,
            job_id=job_id(course.slug, lab.slug, user.handle, session_id),
            is_fresh=is_fresh,
            restore_id=restore_id,
            queued_at=now,
        )
        db.session.execute(row.on_conflict_do_nothing())
        found = active_for(user.id, lab.id)
        if found is not None:
            if found.id == session_id:
                timelines.note(found.id, "queued", now)
            live.nudge("labs")
            return found
    raise Conflict


def move(lab_session: LabSession, old: str, new: str, **values: Any) -> bool:
    """Move a session from `old` to `new` and refresh it; return False when it isn't in `old` (any more)."""
    if new not in TRANSITIONS[old]:
        raise ValueError(f"a lab session can't go from {old} to {new}")
    if new == STOPPING:
        values = {"is_settled": False, **values}
    is_moved = change(lab_session, old, state=new, **values)
    if is_moved:
        live.queue_changed()
    if is_moved and new != RUNNING:
        # There is something to start or to stop, or a machine has come free.
        live.nudge("labs")
    return is_moved


def change(lab_session: LabSession, old: str, **values: Any) -> bool:
    """Change columns of a session that is in the state `old`, tell who looks at it, and refresh it."""
    if "state" in values or "next_try_at" in values:
        # Whoever held it has done with it, unless they say otherwise.
        values = {"holder": "", **values}
    (session_id,) = inspect(lab_session).identity or (lab_session.id,)
    statement = (
        update(LabSession)
        .where(LabSession.id == session_id, LabSession.state == old)
        .values(**values)
        .returning(LabSession)
        .execution_options(populate_existing=True, synchronize_session=False)
    )
    is_changed = db.session.scalars(statement).one_or_none() is not None
    if is_changed:
        live.lab_changed(session_id)
    return is_changed


def stop(lab_session: LabSession, *, reason: str, now: datetime) -> None:
    """End a session: at once while it waits, else as soon as its machine is gone. Again is harmless."""
    for _ in range(TRIES):
        state = lab_session.state
        if state == ENDED or (state == STOPPING and not lab_session.is_resetting):
            return
        if state == QUEUED:
            is_done = move(lab_session, QUEUED, ENDED, reason=reason, ended_at=now)
            tell_queue()
            kind = "stopped"
        elif state == STOPPING:
            is_done = change(lab_session, STOPPING, is_resetting=False, reason=reason)
            kind = "stopping"
        else:
            is_done = move(lab_session, state, STOPPING, reason=reason, next_try_at=now, failures=0)
            kind = "stopping"
        if is_done:
            timelines.note(lab_session.id, kind, now, reason=reason)
            return
        db.session.refresh(lab_session)
    raise Conflict


def end_in_course(user_id: int, course: Course, now: datetime) -> None:
    """End what somebody who leaves the course has there, in the queue, too: their pages don't open any more."""
    query = select(LabSession).where(LabSession.user_id == user_id, LabSession.course_id == course.id)
    for found in db.session.scalars(query.where(LabSession.state != ENDED)):
        stop(found, reason="course", now=now)


def end_of_lab(lab: Lab, now: datetime) -> int:
    """End what runs or waits of a lab that is gone from its course; return how many there were."""
    found = db.session.scalars(select(LabSession).where(LabSession.lab_id == lab.id, LabSession.state != ENDED)).all()
    for one in found:
        stop(one, reason="course", now=now)
    return len(found)


def reset(lab_session: LabSession, now: datetime, *, restore_id: int | None = None) -> None:
    """Save, and start anew: empty, or with the save `restore_id`. Again is harmless."""
    values = {"is_resetting": True, "is_fresh": True, "restore_id": restore_id, "next_try_at": now, "failures": 0}
    if move(lab_session, RUNNING, STOPPING, **values):
        timelines.note(lab_session.id, "reset", now, job=lab_session.job_id)
        return
    db.session.refresh(lab_session)
    if not lab_session.is_resetting:
        raise Conflict("Only a lab that runs can be reset.")


def relocate(lab_session: LabSession, now: datetime, *, why: str) -> None:
    """Save, and start again on another machine with what was saved. Again is harmless."""
    values = {"is_resetting": True, "is_fresh": False, "restore_id": None, "next_try_at": now, "failures": 0}
    if move(lab_session, RUNNING, STOPPING, **values):
        timelines.note(lab_session.id, "moved", now, why=why, job=lab_session.job_id)


def extend(lab_session: LabSession, now: datetime) -> None:
    """Say that the student is still there: idleness counts from now. The longest life stays what it is."""
    facts = facts_of(lab_session)
    if facts is None:
        raise Conflict("This lab doesn't run.")
    if not facts.can_extend:
        raise Conflict("This lab has reached its longest life and can't be kept longer.")
    if not change(lab_session, RUNNING, last_active_at=now, warned_at=None, warned_last_at=None):
        raise Conflict("This lab doesn't run.")
    timelines.note(lab_session.id, "extended", now)


def tell_queue() -> None:
    """Tell those who wait that their position may have changed."""
    live.queue_changed()
    waiting = select(LabSession.id).where(LabSession.state == QUEUED).order_by(LabSession.queued_at)
    for session_id in db.session.scalars(waiting.limit(MOST_TOLD)):
        live.lab_changed(session_id)
