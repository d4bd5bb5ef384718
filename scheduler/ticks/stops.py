"""Stops labs that are to end, and queues again those that are to be fresh.

Save, commit, stop, commit: a machine ends only when its home is saved, or when it is written down why it isn't. A
scheduler may die between any two of these; the next one goes on from what is written. While the cluster doesn't answer,
a stop waits for it: nothing ends meanwhile, so nobody's work is given up.
"""

import uuid
from collections.abc import Callable
from datetime import datetime

import structlog

from backends import Backend, BackendError, reason_of
from extensions import db
from models import LabSession, utcnow
from scheduler.ticks.lease_renewals import LeaseKeeper, nothing
from scheduler.ticks.saves import is_alive, save
from services import timelines
from services.labs import claims, lifecycle, saving
from services.labs.saving import Outcome

log = structlog.get_logger("yurt.scheduler")


def stopper(backend: Backend, keeper: LeaseKeeper | None = None) -> Callable[..., bool]:
    """Return the work of the tick; `keeper` keeps what is being stopped from being taken over."""
    keeper = keeper or LeaseKeeper()

    def work(claimed_one: Callable[[], None] = nothing) -> bool:
        lab_session = claims.claim_stop(utcnow(), keeper.of(LabSession))
        if lab_session is None:
            db.session.commit()
            return False
        session_id, job_id = lab_session.id, lab_session.job_id
        order = saving.order_of(lab_session)
        if order is not None and not lab_session.tries and lab_session.waiting_for is None:
            timelines.note(session_id, "saving", utcnow())
        db.session.commit()
        with keeper.hold(session_id):
            claimed_one()
            if order is None or save(backend, order) is Outcome.STOP:
                stop(backend, session_id, job_id)
        return True

    return work


def stop(backend: Backend, session_id: uuid.UUID, job_id: str) -> None:
    """Stop a machine whose work is saved, and write the outcome."""
    try:
        backend.stop(job_id)
    except (BackendError, OSError) as error:
        log.warning("lab not stopped", job=job_id, code=reason_of(error).code, error=str(error))
        is_away = is_alive(backend, job_id) is None
        put_off(session_id, job_id, utcnow(), is_away=is_away)
    else:
        lifecycle.stopped(session_id, job_id, utcnow())
    db.session.commit()


def put_off(session_id: uuid.UUID, job_id: str, now: datetime, *, is_away: bool) -> None:
    """Try again later. `is_away`: the cluster doesn't answer, and that counts as no failure."""
    if is_away:
        saving.wait_to_stop(session_id, job_id, now)
    else:
        lifecycle.retry_stop(session_id, job_id, now)
