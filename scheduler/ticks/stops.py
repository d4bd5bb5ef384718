"""Stops labs that are to end, and queues again those that are to be fresh."""

from collections.abc import Callable
from datetime import timedelta

import structlog
from sqlalchemy import or_, select

from extensions import db
from models import LabSession, utcnow
from models.lab_session import ENDED, QUEUED, STOPPING
from scheduler.backends import Backend, BackendError
from services import labs, live

HOLD = timedelta(seconds=30)

log = structlog.get_logger("yurt.scheduler")


def stopper(backend: Backend) -> Callable[[], bool]:
    """Return the work of the tick."""

    def work() -> bool:
        found = _claim()
        db.session.commit()
        if found is None:
            return False
        try:
            backend.stop(found.job_id)
        except BackendError as error:
            # The hold puts it off: the next try comes when it is over.
            log.warning("lab not stopped", job=found.job_id, error=str(error))
            return True
        finish(found)
        db.session.commit()
        return True

    return work


def finish(found: LabSession) -> None:
    """Write that the machine is gone."""
    now = utcnow()
    if found.is_resetting:
        labs.move(
            found, STOPPING, QUEUED, is_resetting=False, is_fresh=True, next_try_at=None, failures=0, started_at=None
        )
    else:
        labs.move(found, STOPPING, ENDED, ended_at=now, reason=found.reason or "platform")
    live.nudge("labs")


def _claim() -> LabSession | None:
    now = utcnow()
    query = (
        select(LabSession)
        .where(
            LabSession.state == STOPPING,
            or_(LabSession.next_try_at.is_(None), LabSession.next_try_at <= now),
        )
        .order_by(LabSession.queued_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    found = db.session.scalar(query)
    if found is not None:
        found.next_try_at = now + HOLD
        db.session.flush()
    return found
