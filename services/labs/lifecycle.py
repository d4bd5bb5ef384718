"""The life of a lab session: one verb for each arrow of the state diagram, and nobody else moves one.

Each verb is a compare-and-set: it does nothing where the session has moved on meanwhile, and returns so where it
matters. It writes the timeline and tells open pages. The scheduler alone deals with machines: it claims a session,
calls the backend, and reports the outcome with one of these verbs.
"""

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.dialects.postgresql import insert

from extensions import db
from models import Course, Lab, LabSession, User
from models.lab_session import ENDED, QUEUED, RUNNING, STARTING, STOPPING
from reasons import Code, Reason
from services import leases, live, timelines
from services.capacity import holdings
from services.errors import Conflict
from services.labs.job_names import job_id, next_job_id
from services.labs.moves import change, move
from services.labs.sessions import active_for
from services.saves import store

TRIES = 3
# A start rests for 2, 4, 8 and 16 seconds between its five tries.
START_RETRIES = leases.Retries(most=5)
# A machine is never given up while it may run.
STOP_RETRIES = leases.Retries()
# A cluster without room, or one that doesn't answer, is asked again after this time.
ROOM_PAUSE = timedelta(seconds=5)
GAVE_UP = Reason(Code.GAVE_UP)
# The columns of a session of which nothing has failed, waits, was warned of or is saved yet.
CLEAN: dict[str, Any] = {
    "tries": 0,
    "waiting_for": None,
    "is_settled": False,
    "save_error": None,
    "warned_at": None,
    "warned_last_at": None,
}
# The columns that a successful start sets.
BEGUN: dict[str, Any] = {**CLEAN, "is_fresh": False, "restore_id": None, "save_requested_at": None}
# The columns of a session whose machine is gone, and that waits for the next one.
FORGOTTEN: dict[str, Any] = {
    **CLEAN,
    "is_warm": False,
    "is_resetting": False,
    "claimed_at": None,
    "started_at": None,
    "expires_at": None,
}


def queue(
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
        lab_session = active_for(user.id, lab.id)
        if lab_session is not None:
            if lab_session.id == session_id:
                timelines.note(session_id, "queued", now)
            live.nudge("labs")
            return lab_session
    raise Conflict


def begin_with(lab_session: LabSession, save_id: int) -> bool:
    """Have the machine of a session that waits begin with this save."""
    return change(lab_session, QUEUED, is_fresh=True, restore_id=save_id)


def claim(lab_session: LabSession, now: datetime, *, job: str, is_warm: bool) -> bool:
    """Take a session whose turn has come: its machine is started by the caller. `is_warm`: `job` is one kept warm."""
    is_first_try = lab_session.waiting_for is None
    begun = {"claimed_at": now, "job_id": job, "is_warm": is_warm, "node": ""}
    if not move(lab_session, QUEUED, STARTING, **begun, **leases.held(now)):
        return False
    if is_first_try:
        # Whoever asked while the claim waited for its lock did so after this clock was read.
        timelines.note(lab_session.id, "claimed", max(now, lab_session.queued_at))
    if is_warm:
        timelines.note(lab_session.id, "adopted", now, job=job)
    return True


def claim_again(lab_session: LabSession, now: datetime) -> bool:
    """Take up a start that is to be tried again, or whose scheduler died: that counts as a failure."""
    return change(lab_session, STARTING, claimed_at=now, tries=leases.tries_of(lab_session), **leases.held(now))


def started(lab_session: LabSession, node: str, now: datetime) -> bool:
    """Note that the machine runs, on `node`. A session that was asked to end meanwhile stays `stopping`."""
    save = store.chosen(lab_session)
    life = timedelta(minutes=lab_session.lab.max_life_minutes)
    times = {"started_at": now, "last_active_at": now, "expires_at": now + life}
    if not move(lab_session, STARTING, RUNNING, node=node, **times, **BEGUN):
        return False
    if save is not None:
        timelines.note(lab_session.id, "restored", now, **store.receipt(save))
    if node:
        timelines.note(lab_session.id, "placed", now, node=node)
    timelines.note(lab_session.id, "running", now)
    return True


def no_room(lab_session: LabSession, reason: Reason, now: datetime) -> None:
    """Send a session back to its place in the queue. That is no failure; the timeline names each reason once."""
    is_new = reason != lab_session.waiting_for
    if move(lab_session, STARTING, QUEUED, **_waits(reason, now)) and is_new:
        timelines.note(lab_session.id, "waiting", now, reason=reason)


def start_waits(lab_session: LabSession, now: datetime) -> None:
    """Let a start wait where it is until the cluster answers, for its job may be there. That is no failure."""
    is_new = lab_session.waiting_for != holdings.DOWN
    if change(lab_session, STARTING, **_waits(holdings.DOWN, now)) and is_new:
        timelines.note(lab_session.id, "waiting", now, reason=holdings.DOWN)


def start_anew(lab_session: LabSession, now: datetime) -> None:
    """Queue a session whose warm machine failed: the next start is of a machine of its own."""
    move(lab_session, STARTING, QUEUED, waiting_for=None, **START_RETRIES.later(lab_session.tries + 1, now))


def retry_start(lab_session: LabSession, now: datetime) -> None:
    """Count a failure, and try the start again later: it keeps its slot, for its job may be there or come.

    One that is given up ends through `stopping`, for something of it may run.
    """
    tries = lab_session.tries + 1
    if not START_RETRIES.is_over(tries):
        change(lab_session, STARTING, waiting_for=None, **START_RETRIES.later(tries, now))
    elif _begin_stop(lab_session, STARTING, now, reason="failed", detail=GAVE_UP):
        timelines.note(lab_session.id, "failed", now, reason=GAVE_UP)


def start_failed(lab_session: LabSession, detail: Reason, now: datetime) -> bool:
    """End a session that waits or starts, and can't run. It has no job on the cluster."""
    state = STARTING if lab_session.state == STARTING else QUEUED
    is_ended = move(lab_session, state, ENDED, reason="failed", detail=detail, ended_at=now)
    if is_ended:
        timelines.note(lab_session.id, "failed", now, reason=detail)
    return is_ended


def stop(lab_session: LabSession, *, reason: str, now: datetime) -> None:
    """End a session: at once while it waits, else as soon as its machine is gone. Again is harmless."""
    for _ in range(TRIES):
        state = lab_session.state
        if state == ENDED or (state == STOPPING and not lab_session.is_resetting):
            return
        if state == QUEUED:
            is_done = move(lab_session, QUEUED, ENDED, reason=reason, ended_at=now)
            live.places_changed()
        elif state == STOPPING:
            is_done = change(lab_session, STOPPING, is_resetting=False, reason=reason)
        else:
            is_done = _begin_stop(lab_session, state, now, reason=reason)
        if is_done:
            timelines.note(lab_session.id, "stopped" if state == QUEUED else "stopping", now, reason=reason)
            return
        db.session.refresh(lab_session)
    raise Conflict


def reset(lab_session: LabSession, now: datetime, *, restore_id: int | None = None) -> None:
    """Save, and start anew: empty, or with the save `restore_id`. Again is harmless."""
    if _begin_stop(lab_session, RUNNING, now, is_resetting=True, is_fresh=True, restore_id=restore_id):
        timelines.note(lab_session.id, "reset", now, job=lab_session.job_id)
        return
    db.session.refresh(lab_session)
    if not lab_session.is_resetting:
        raise Conflict("Only a lab that runs can be reset.")


def relocate(lab_session: LabSession, now: datetime, *, why: Reason) -> None:
    """Save, and start again on another machine with what was saved. Again is harmless."""
    if _begin_stop(lab_session, RUNNING, now, is_resetting=True, is_fresh=False, restore_id=None):
        timelines.note(lab_session.id, "moved", now, why=why, job=lab_session.job_id)


def keep_running(lab_session: LabSession, *, until: datetime, **values: Any) -> bool:
    """Let a session go on whose work can't be saved, instead of ending it; the save is tried again at `until`."""
    return move(lab_session, STOPPING, RUNNING, reason=None, **leases.waiting(until), **values)


def stopped(session_id: uuid.UUID, job: str, now: datetime) -> None:
    """Note that the machine of this job is gone: the session ends, or waits for its next machine.

    The row's lock decides between a reset and an end that come at this moment. A late call changes nothing: the session
    has a machine of another name by then.
    """
    lab_session = db.session.get(LabSession, session_id, populate_existing=True, with_for_update=True)
    if lab_session is None or lab_session.job_id != job:
        return
    if lab_session.is_resetting:
        # It keeps its place in the queue: who resets waits behind nobody that came later. Why its work wasn't saved,
        # its student reads beside the new machine.
        detail = lab_session.save_error
        move(lab_session, STOPPING, QUEUED, job_id=next_job_id(lab_session), detail=detail, **FORGOTTEN)
        return
    reason = lab_session.reason or "platform"
    # Only of a start that failed there is more to say; of a reset before it is known by now.
    detail = lab_session.detail if reason == "failed" else None
    values = {"reason": reason, "detail": detail, "waiting_for": None}
    if move(lab_session, STOPPING, ENDED, ended_at=now, **values):
        timelines.note(session_id, "stopped", now, reason=reason)


def retry_stop(session_id: uuid.UUID, job: str, now: datetime) -> None:
    """Count a failure, and try to stop the machine again later: it is never given up."""
    lab_session = db.session.get(LabSession, session_id, populate_existing=True)
    if lab_session is not None and lab_session.job_id == job:
        change(lab_session, STOPPING, **STOP_RETRIES.later(lab_session.tries + 1, now))


def lost(lab_session: LabSession, now: datetime, *, reason: str = "lost", detail: Reason | None = None) -> bool:
    """End a session whose machine is gone."""
    is_lost = move(lab_session, RUNNING, ENDED, reason=reason, detail=detail, ended_at=now)
    if is_lost:
        saved_at = lab_session.saved_at.isoformat() if lab_session.saved_at else None
        timelines.note(lab_session.id, "lost", now, saved_at=saved_at, detail=detail)
    return is_lost


def _begin_stop(lab_session: LabSession, state: str, now: datetime, **values: Any) -> bool:
    return move(lab_session, state, STOPPING, tries=0, **leases.waiting(now), **values)


def _waits(reason: Reason, now: datetime) -> dict[str, Any]:
    return {**leases.waiting(now + ROOM_PAUSE), "waiting_for": reason, "claimed_at": None}
