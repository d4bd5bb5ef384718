"""One Redis subscription for the whole process. It wakes those who watch a channel when a hint comes there."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from redis.asyncio import Redis

from gateway import redis_gone

PATTERN = "yurt:live:*"
RETRY_S = (0.2, 5.0)
# Of a page that doesn't read for a while, no more hints than so many are kept.
MOST_HINTS = 20

log = structlog.get_logger("yurt.gateway")


class Hints(asyncio.Event):
    """An event that also keeps what the hints said, for whoever has to know whose doing a change is."""

    def __init__(self) -> None:
        super().__init__()
        self._said: list[str] = []
        self._is_whole = True

    def hear(self, hint: str | None) -> None:
        """Take a hint; None where there may have been any."""
        if hint is None or len(self._said) >= MOST_HINTS:
            self._is_whole = False
        else:
            self._said.append(hint)
        self.set()

    def take(self) -> list[str] | None:
        """Return the hints since the last time, and forget them; None where they aren't all known."""
        said = self._said if self._is_whole else None
        self._said, self._is_whole = [], True
        return said


class Subscriptions:
    """Hands each hint that Redis publishes to those who watch its channel."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._waiting: dict[str, set[asyncio.Event]] = defaultdict(set)
        # Whether Redis tells of changes now.
        self.is_connected = False

    @contextmanager
    def watch(self, channel: str, event: asyncio.Event | None = None) -> Iterator[asyncio.Event]:
        """Give an event that is set with each hint on `channel`, and after every gap in listening.

        With an `event` of another watch it is that one, which is then set by either.
        """
        event = event or asyncio.Event()
        self._waiting[channel].add(event)
        try:
            yield event
        finally:
            self._waiting[channel].discard(event)
            if not self._waiting[channel]:
                del self._waiting[channel]

    async def listen(self) -> None:
        """Listen for ever; Redis may go and come back."""
        wait = RETRY_S[0]
        while True:
            try:
                async with self._redis.pubsub() as subscription:
                    await subscription.psubscribe(PATTERN)
                    # Hints may have been missed while nobody listened: everybody looks again.
                    self._wake_all()
                    self.is_connected = True
                    wait = RETRY_S[0]
                    async for message in subscription.listen():
                        if message["type"] == "pmessage":
                            self._wake(message["channel"].decode(), message["data"].decode())
            except redis_gone.ERRORS as error:
                log.warning("redis unavailable", error=type(error).__name__)
            self.is_connected = False
            await asyncio.sleep(wait)
            wait = min(wait * 2, RETRY_S[1])

    def _wake(self, channel: str, hint: str | None = None) -> None:
        for event in self._waiting.get(channel, ()):
            if isinstance(event, Hints):
                event.hear(hint)
            else:
                event.set()

    def _wake_all(self) -> None:
        for channel in list(self._waiting):
            self._wake(channel)
