"""Every kind of background work: a module here, and its row in `make_ticks`."""

from config import Settings
from redis import Redis

from scheduler.backends import Backend
from scheduler.ticks import attempts, checks, idleness, mail, reconcile, starts, stops
from scheduler.worker import Tick
from services.lab_claims import Limits


def make_ticks(settings: Settings, backend: Backend | None, redis: "Redis[bytes]") -> list[Tick]:
    """Return the ticks; those of labs only where labs are on."""
    ticks = [
        Tick("attempts", attempts.work, interval_s=2.0, topic="attempts"),
        Tick("mail", mail.sender(settings), interval_s=5.0, topic="mail"),
    ]
    if backend is None:
        return ticks
    limits = Limits(settings.lab_limit_total, settings.lab_limit_user)
    return [
        *ticks,
        Tick("starts", starts.starter(settings, backend, limits), interval_s=2.0, topic="labs", threads=4),
        Tick("stops", stops.stopper(backend), interval_s=2.0, topic="labs", threads=4),
        Tick("checks", checks.checker(backend), interval_s=2.0, topic="checks", threads=4),
        Tick("idleness", idleness.collector(redis), interval_s=15.0),
        Tick("reconcile", reconcile.reconciler(settings, backend), interval_s=10.0),
    ]
