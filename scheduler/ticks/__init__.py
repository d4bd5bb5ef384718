"""Every kind of background work: a module here, and its row in `make_ticks`."""

from redis import Redis

from config import Settings
from scheduler.backends import Backend
from scheduler.ticks import (
    attempts,
    capacity,
    checks,
    events,
    holds,
    hopeless,
    idleness,
    mail,
    measures,
    reconcile,
    saves,
    starts,
    stops,
    sweeps,
    usage,
    visits,
    warm,
)
from scheduler.worker import Tick
from services import checks as check_service
from services import lab_claims, outbox
from services.lab_queue import Limits
from services.measures import EVERY_S

# A class of fifty starts within seconds, although each start waits for its machine.
STARTERS = 8
# They wait for labs, most of the time.
CHECKERS = 8
# Warm machines have time.
WARMERS = 4


def make_ticks(settings: Settings, backend: Backend | None, redis: Redis) -> list[Tick]:
    """Return the ticks; those of labs only where labs are on."""
    ticks = [
        Tick("attempts", attempts.work, interval_s=2.0, oldest=attempts.oldest_due),
        Tick("mail", mail.sender(settings), interval_s=5.0, topic="mail", oldest=outbox.oldest_due),
        Tick("hopeless", hopeless.ender(settings), interval_s=60.0),
        Tick("sweeps", sweeps.work, interval_s=60.0),
        Tick("measures", measures.teller(settings, redis), interval_s=EVERY_S),
    ]
    if backend is None:
        return ticks
    limits = Limits(
        settings.lab_limit_total, settings.lab_limit_user, settings.lab_limit_course_percent, settings.instance
    )
    hands = holds.Hands()
    start, stop, check = (
        starts.starter(settings, backend, limits, hands),
        stops.stopper(backend),
        checks.checker(backend),
    )
    if backend.has_events:
        # Nobody nudges this one, but the end of the process.
        stream = Tick("events", lambda: False, interval_s=1.0, topic="events")

        def is_over() -> bool:
            # The stream says something every half minute at least, and lasts for days.
            stream.beat()
            return stream.woken.is_set()

        stream.work = events.follower(settings, backend, is_over)
        ticks.append(stream)
    if backend.has_warm:
        keep = warm.keeper(settings, backend, limits, hands)
        ticks.append(Tick("warm", keep, interval_s=5.0, topic="labs", threads=WARMERS))
    return [
        *ticks,
        Tick("capacity", capacity.counter(settings, backend), interval_s=15.0),
        Tick("starts", start, interval_s=2.0, topic="labs", threads=STARTERS, oldest=lab_claims.oldest_queued),
        Tick("holds", hands.renew, interval_s=5.0),
        Tick("stops", stop, interval_s=2.0, topic="labs", threads=4, oldest=lab_claims.oldest_stopping),
        Tick("saves", saves.saver(backend), interval_s=5.0, topic="labs", threads=2),
        Tick("checks", check, interval_s=2.0, topic="checks", threads=CHECKERS, oldest=check_service.oldest_due),
        Tick("idleness", idleness.collector(redis, settings.public_url), interval_s=15.0),
        Tick("usage", usage.measurer(backend), interval_s=60.0),
        Tick("visits", visits.work, interval_s=10.0),
        Tick("reconcile", reconcile.reconciler(settings, backend), interval_s=15.0 if backend.has_events else 10.0),
    ]
