"""Gives the events of courses their places in the feed, and to webhooks; deletes those that are old."""

from collections.abc import Callable
from datetime import timedelta

from config import Settings
from extensions import db
from models import utcnow
from services import events
from services.webhooks import deliveries


def work() -> bool:
    """Place the events that are committed by now, and say whether there may be more."""
    placed = events.place()
    deliveries.queue(placed, now=utcnow())
    db.session.commit()
    return len(placed) == events.BATCH


def pruner(settings: Settings) -> Callable[[], bool]:
    """Return the work of the tick that deletes what is old."""
    kept = timedelta(days=settings.events_days)

    def prune() -> bool:
        gone = events.prune(utcnow() - kept)
        db.session.commit()
        return gone > 0

    return prune
