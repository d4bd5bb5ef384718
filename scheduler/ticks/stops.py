"""Stops labs that are to end, and queues again those that are to be fresh.

Save, commit, stop, commit: a machine ends only when its home is saved, or when it is written down why it isn't. A
scheduler may die between any two of these; the next one goes on from what is written. While the cluster doesn't answer,
a stop waits for it: nothing ends meanwhile, so nobody's work is given up.
"""

import uuid
from collections.abc import Callable
from datetime import datetime

import structlog

from backends import Backend, BackendError
from extensions import db
from models import LabSession, utcnow
from models.lab_session import ENDED, QUEUED, STOPPING
from scheduler.ticks.holds import Hands, nothing
from scheduler.ticks.saves import is_alive, save
from services import timelines
from services.labs import claims, job_names, lifecycle, saving

log = structlog.get_logger("yurt.scheduler")


def stopper(backend: Backend, hands: Hands | None = None) -> Callable[..., bool]:
    """Return the work of the tick; `hands` keep what is being stopped from being taken over."""
    hands = hands or Hands()

    def work(claimed_one: Callable[[], None] = nothing) -> bool:
        found = claims.claim_stop(utcnow(), hands.sessions())
        if found is None:
            db.session.commit()
            return False
        session_id, job_id = found.id, found.job_id
        order = saving.order_of(found)
        if order is not None and not found.failures and not found.waiting_for:
            timelines.note(session_id, "saving", utcnow())
        db.session.commit()
        with hands.hold(session_id):
            claimed_one()
            if order is None or save(backend, order) == "stop":
                stop(backend, session_id, job_id)
        return True

    return work


def stop(backend: Backend, session_id: uuid.UUID, job_id: str) -> None:
    """Stop a machine whose work is saved, and write what came of it."""
    try:
        backend.stop(job_id)
    except (BackendError, OSError) as error:
        log.warning("lab not stopped", job=job_id, error=str(error))
        put_off(session_id, job_id, utcnow(), is_away=is_alive(backend, job_id) is None)
    else:
        finish(session_id, job_id, utcnow())
    db.session.commit()


def finish(session_id: uuid.UUID, job_id: str, now: datetime) -> None:
    """Write that the machine is gone. The lock settles a reset that is turned into an end at this moment.

    Whoever comes late, when the session has a machine of another name, changes nothing.
    """
    found = db.session.get(LabSession, session_id, populate_existing=True, with_for_update=True)
    if found is None or found.job_id != job_id:
        return
    if not found.is_resetting:
        reason = found.reason or "platform"
        # Only of a start that failed there is more to say; of a reset before it is known by now.
        values = {"reason": reason, "detail": found.detail if reason == "failed" else "", "waiting_for": ""}
        if lifecycle.move(found, STOPPING, ENDED, ended_at=now, next_try_at=None, **values):
            timelines.note(session_id, "stopped", now, reason=reason)
        return
    # It keeps its place in the queue: who resets waits behind nobody that came later.
    lifecycle.move(
        found,
        STOPPING,
        QUEUED,
        job_id=job_names.next_job_id(found),
        is_warm=False,
        is_resetting=False,
        failures=0,
        claimed_at=None,
        next_try_at=None,
        waiting_for="",
        started_at=None,
        is_settled=False,
        # Its student reads it beside the new machine.
        detail=found.save_error,
        save_error="",
        warned_at=None,
        warned_last_at=None,
        expires_at=None,
    )


def put_off(session_id: uuid.UUID, job_id: str, now: datetime, *, is_away: bool) -> None:
    """Try again later: a machine is never given up. `is_away`: the cluster doesn't answer."""
    found = db.session.get(LabSession, session_id, populate_existing=True)
    if found is None or found.job_id != job_id:
        return
    if is_away and found.state == STOPPING:
        saving.wait(found, now)
    else:
        failures = found.failures + 1
        lifecycle.change(found, STOPPING, failures=failures, next_try_at=now + claims.pause(failures))
