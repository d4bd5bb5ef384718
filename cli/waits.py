"""A worker tells how long requests wait for it: once a second at most, and nothing while nobody waits."""

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any

from redis import RedisError

from services import waits

# In which the doors write when a request came (deploy/caddy/Caddyfile, deploy/nginx/nginx.conf), as waitress names it.
HEADER = "X_REQUEST_START"
EVERY_S = 1.0


class Teller:
    """What one worker tells of the requests of a lane, as it begins them."""

    def __init__(self, redis: Any, lane: waits.Lane, clock: Callable[[], float] = time.time) -> None:
        self._redis, self._lane, self._clock = redis, lane, clock
        self._lock = threading.Lock()
        self._told_at = self._rush_at = -waits.KEPT_S - EVERY_S

    def note(self, request: Any) -> None:
        """Look at a request that is begun now, and tell of it where it has waited long, or others just did."""
        came = waits.read_came(request.headers.get(HEADER, ""))
        now = self._clock()
        if came is None or not self._is_told(now - came, now):
            return
        with contextlib.suppress(RedisError):
            self._redis.set(waits.key(self._lane), waits.told(came, now), ex=waits.KEPT_S)

    def _is_told(self, waited: float, now: float) -> bool:
        with self._lock:
            if waited >= waits.LONG_S:
                self._rush_at = now
            # The end of a rush is told, too.
            if now - self._rush_at > waits.KEPT_S or now - self._told_at < EVERY_S:
                return False
            self._told_at = now
            return True
