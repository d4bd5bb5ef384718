"""Collects people's activity in labs, and writes it to Redis twice a second for all of them together.

A command to Redis for each keystroke would cost a class more than its terminals do.
"""

import asyncio
import time

from redis.asyncio import Redis

from gateway import redis_gone
from services.idleness import activity
from services.idleness.activity import Kind

EVERY_S = 0.5


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
        """Write the new times, for ever. While Redis is gone they are dropped: nobody is stopped for idleness then."""
        while True:
            await asyncio.sleep(EVERY_S)
            await self.flush()

    async def flush(self) -> None:
        """Write the new times."""
        new, self._new = self._new, {}
        if new:
            await redis_gone.or_default(activity.write(self._redis, new), None)
