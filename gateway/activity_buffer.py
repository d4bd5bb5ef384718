"""What people do in labs, collected here and written to Redis twice a second for all of them together.

A command to Redis for each keystroke would cost a class more than its terminals do.
"""

import asyncio
import time

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.idleness import activity
from services.idleness.activity import Kind

EVERY_S = 0.5

log = structlog.get_logger("yurt.gateway")


class ActivityBuffer:
    """Keeps the newest time of each kind and session until `run` writes it."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._new: dict[Kind, dict[str, str]] = {}

    def note(self, session_id: str, kind: Kind) -> None:
        """Note that it happened now; the first prompt only if it is the first."""
        times = self._new.setdefault(kind, {})
        if kind != "first_prompt" or session_id not in times:
            times[session_id] = str(time.time())

    async def run(self) -> None:
        """Write what is new, for ever. What can't be written while Redis is gone is only a hint, and dropped."""
        while True:
            await asyncio.sleep(EVERY_S)
            await self.flush()

    async def flush(self) -> None:
        """Write what is new."""
        new, self._new = self._new, {}
        if not new:
            return
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                for kind, times in new.items():
                    if kind == "first_prompt":
                        for session_id, at in times.items():
                            pipe.hsetnx(activity.key(kind), session_id, at)
                    else:
                        pipe.hset(activity.key(kind), mapping=dict(times.items()))
                await pipe.execute()
        except (RedisError, OSError) as error:
            log.warning("activity lost", error=type(error).__name__)
