"""Visitors at a lab's terminal: they see what its student sees, and type only while the student lets them."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

from aiohttp import web

from gateway.database import Visit
from gateway.subscriptions import Subscriptions
from services.live import lab_channel

# Hints say at once that something changed; without one a visit is looked up this often. Consent is looked up more
# often, so that a keyboard which the student takes back is gone within a second, also without Redis.
LOOK_S, LOOK_WHILE_TYPING_S = 15.0, 0.8
# Columns or rows: what terminals can be.
MOST = 1000

VisitOf = Callable[[str, int], Awaitable[Visit | None]]
Size = tuple[int, int]


@dataclass
class Keyboard:
    """Whether a visitor's input reaches the lab."""

    is_given: bool = False


class Visitors:
    """Follows visits for as long as their terminals are open."""

    def __init__(self, subscriptions: Subscriptions, visit_of: VisitOf) -> None:
        self._subscriptions, self.visit_of = subscriptions, visit_of

    async def follow(self, session_id: str, user_id: int, visit_id: int, keyboard: Keyboard) -> None:
        """Keep the keyboard to what the student allows; return when the visit is over."""
        with self._subscriptions.watch(lab_channel(session_id)) as changed:
            while True:
                try:
                    visit = await self.visit_of(session_id, user_id)
                except web.HTTPServiceUnavailable:
                    keyboard.is_given = False  # nobody knows whether it still is
                else:
                    if visit is None or visit.id != visit_id:
                        keyboard.is_given = False
                        return
                    keyboard.is_given = visit.may_type
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_WHILE_TYPING_S if keyboard.is_given else LOOK_S):
                        await changed.wait()
                changed.clear()


@dataclass
class _Screen:
    students: int = 0
    size: Size = (80, 24)
    visitors: set[web.WebSocketResponse] = field(default_factory=set)


class Screens:
    """The size of each student's screen: a visitor's page shows the same size, and never changes it."""

    def __init__(self) -> None:
        self._screens: dict[str, _Screen] = defaultdict(_Screen)

    def size(self, session_id: str) -> Size:
        """Return (columns, rows) of the student's screen, or what a terminal has without one."""
        screen = self._screens.get(session_id)
        return screen.size if screen else _Screen().size

    @contextlib.contextmanager
    def of_student(self, session_id: str) -> Iterator[None]:
        """Remember the size while a student's terminal is open."""
        self._screens[session_id].students += 1
        try:
            yield
        finally:
            self._screens[session_id].students -= 1
            self._forget(session_id)

    @contextlib.contextmanager
    def of_visitor(self, session_id: str, socket: web.WebSocketResponse) -> Iterator[None]:
        """Tell the visitor's page each size."""
        self._screens[session_id].visitors.add(socket)
        try:
            yield
        finally:
            self._screens[session_id].visitors.discard(socket)
            self._forget(session_id)

    async def resized(self, session_id: str, size: Size) -> None:
        """Note the student's size and pass it on."""
        screen = self._screens[session_id]
        screen.size = clamped(size)
        for socket in list(screen.visitors):
            with contextlib.suppress(ConnectionError, RuntimeError):
                await tell_size(socket, screen.size)

    def _forget(self, session_id: str) -> None:
        screen = self._screens[session_id]
        if not screen.students and not screen.visitors:
            del self._screens[session_id]


def clamped(size: Size) -> Size:
    """Return the nearest size that a terminal can have."""
    return max(2, min(size[0], MOST)), max(1, min(size[1], MOST))


async def tell_size(socket: web.WebSocketResponse, size: Size) -> None:
    """Send the size of the student's screen."""
    await socket.send_json({"type": "size", "columns": size[0], "rows": size[1]})
