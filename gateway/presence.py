"""Follows the open pages of visits: a visit lasts while its page is open, and ends soon after."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator

from aiohttp import web

from gateway import tasks

TOUCH_S = 10.0
# A page that is loaded anew, or whose network blinked, is back by then.
GRACE_S = 5.0

Tell = Callable[[str, int], Awaitable[None]]
Place = tuple[str, int]


class Presence:
    """Counts the open pages of each visit; `touch` and `leave` write down what follows."""

    def __init__(self, touch: Tell, leave: Tell) -> None:
        self._touch, self._leave = touch, leave
        self._pages: Counter[Place] = Counter()
        self._touched: dict[Place, float] = {}
        self._going: dict[Place, asyncio.Task[None]] = {}
        self._is_closed = False

    @contextlib.contextmanager
    def page(self, session_id: str, user_id: int) -> Iterator[None]:
        """Count a page while it is open; with the last one the visit ends, unless it comes back."""
        place = session_id, user_id
        self._pages[place] += 1
        try:
            yield
        finally:
            self._pages[place] -= 1
            if not self._pages[place]:
                del self._pages[place]
                self._touched.pop(place, None)
                if place not in self._going and not self._is_closed:
                    self._going[place] = asyncio.create_task(self._go(place))

    async def beat(self, session_id: str, user_id: int) -> None:
        """Keep the visit alive; not more often than needed."""
        place, now = (session_id, user_id), time.monotonic()
        if now - self._touched.get(place, -TOUCH_S) < TOUCH_S:
            return
        self._touched[place] = now
        with contextlib.suppress(web.HTTPServiceUnavailable):  # the next beat may reach the database
            await self._touch(session_id, user_id)

    async def close(self) -> None:
        """Forget the visits that are ending: pages return to the next gateway, and the scheduler ends the others."""
        self._is_closed = True
        await tasks.end(*self._going.values())

    async def _go(self, place: Place) -> None:
        try:
            await asyncio.sleep(GRACE_S)
            if not self._pages[place]:
                with contextlib.suppress(web.HTTPServiceUnavailable):  # the scheduler ends it
                    await self._leave(*place)
        finally:
            self._going.pop(place, None)
