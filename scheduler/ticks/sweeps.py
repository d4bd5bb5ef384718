"""Drops bytes that nothing names any more, a few at a time."""

import structlog

from extensions import db
from services import blobs

MOST = 50

log = structlog.get_logger("yurt.scheduler")


def work() -> bool:
    """Drop some, and say whether there may be more."""
    dropped = blobs.sweep(MOST)
    db.session.commit()
    if dropped:
        log.info("bytes dropped that nothing names", count=dropped)
    return dropped == MOST
