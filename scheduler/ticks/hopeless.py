"""Ends sessions that wait for a machine which can't come, so that nobody waits for ever, and tells their teachers."""

from collections.abc import Callable

import structlog

from config import Settings
from extensions import db
from models import utcnow
from services.labs import hopeless
from services.labs.gate import Site

log = structlog.get_logger("yurt.scheduler")


def ender(settings: Settings) -> Callable[[], bool]:
    """Return the work of the tick."""
    site = Site(settings.lab_backend, settings.instance)

    def work() -> bool:
        ended = hopeless.end_waiting(site, settings.public_url, utcnow())
        db.session.commit()
        if ended:
            log.warning("labs that can't start have left the queue", count=ended)
        return False

    return work
