"""Deletes accounts that were registered long ago, never confirmed, and belong to nothing."""

from collections.abc import Callable
from datetime import timedelta

import structlog

from config import Settings
from extensions import db
from models import utcnow
from services.accounts import unconfirmed

MOST = 100

log = structlog.get_logger("yurt.scheduler")


def sweeper(settings: Settings) -> Callable[[], bool]:
    """Return the work of the tick."""
    patience = timedelta(days=settings.unconfirmed_days)

    def work() -> bool:
        """Delete some, and say whether there may be more."""
        if not patience:
            return False
        gone = unconfirmed.sweep(utcnow() - patience, MOST)
        db.session.commit()
        if gone:
            log.info("accounts deleted that were never confirmed", count=gone)
        return gone == MOST

    return work
