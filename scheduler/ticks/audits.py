"""Looks each night, and when somebody asks, whether totals are what the ledger adds up to."""

from collections.abc import Callable

import structlog
from redis import Redis

from extensions import db
from models import utcnow
from services.leaderboards import audits, sets

log = structlog.get_logger("yurt.scheduler")


def auditor(redis: Redis, beat: Callable[[], None]) -> Callable[[], bool]:
    """Return the work of the tick; it calls `beat` to say that it goes on."""

    def work() -> bool:
        """Make the audit that is due, and say whether there may be more."""
        audit = audits.take(utcnow())
        if audit is None:
            return False
        audits.make(audit, now=utcnow, beat=beat)
        db.session.commit()
        # Whatever was written there by whomever, tomorrow's ranks are made of today's totals.
        sets.forget(redis)
        if audit.drifts:
            log.error("totals are not what the ledger adds up to", drifts=audit.drifts, mended=audit.mended)
        else:
            log.info("totals audited", totals=audit.totals)
        return True

    return work
