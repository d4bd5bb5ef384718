"""Whether the model's server is left alone for a while, because it failed again and again. All processes share it.

Without Redis nothing is left alone: each generation still rests between its own tries.
"""

from datetime import datetime, timedelta
from typing import Any

import structlog
from redis import Redis, RedisError

KEY = "yurt:generations:breaker"
# So many failures in a row open the breaker.
MOST = 5
FIRST, LONGEST = timedelta(seconds=15), timedelta(minutes=5)
KEPT_S = 3600

log = structlog.get_logger("yurt.generations")


def open_until(redis: Redis, *, now: datetime) -> datetime | None:
    """Return until when no call is made; None where one may be."""
    try:
        found: Any = redis.hget(KEY, "until")
    except RedisError:
        return None
    until = datetime.fromisoformat(found.decode() if isinstance(found, bytes) else found) if found else None
    return until if until is not None and until > now else None


def failed(redis: Redis, *, now: datetime) -> None:
    """Count a failure of the server; the breaker opens for longer each time, until a call is answered."""
    try:
        times: Any = redis.hincrby(KEY, "failures", 1)
        redis.expire(KEY, KEPT_S)
        if times >= MOST:
            pause = min(LONGEST, FIRST * (1 << min(times - MOST, 8)))
            redis.hset(KEY, "until", (now + pause).isoformat())
            log.warning("the model's server is left alone", failures=times, seconds=pause.total_seconds())
    except RedisError as error:
        log.warning("failure not counted", error=type(error).__name__)


def worked(redis: Redis) -> None:
    """Begin the count anew."""
    try:
        redis.delete(KEY)
    except RedisError as error:
        log.warning("breaker not closed", error=type(error).__name__)
