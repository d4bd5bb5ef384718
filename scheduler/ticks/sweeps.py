"""Deletes stored bytes that no row names any more, a few at a time, and records of sessions that ended long ago."""

from datetime import timedelta

import structlog

from extensions import db
from models import utcnow
from services import blobs, tickets
from services.accounts import grants

MOST = 50
# Records are kept for longer than any ticket is valid.
ENDED_FOR = timedelta(seconds=2 * tickets.LIVE_SECONDS)

log = structlog.get_logger("yurt.scheduler")


def work() -> bool:
    """Drop some, and say whether there may be more."""
    dropped = blobs.sweep(MOST)
    grants.forget_sessions(utcnow() - ENDED_FOR)
    db.session.commit()
    if dropped:
        log.info("bytes dropped that nothing names", count=dropped)
    return dropped == MOST
