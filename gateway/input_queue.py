"""The queue of input that was typed and isn't in the lab yet, in order and limited in size.

A lab that reads slowly must not keep the gateway from reading from the browser, which would count as gone. A page sends
long input in pieces, and waits for the message `taken` before it sends more.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from aiohttp import web

from backends.base import Terminal

# A piece of at least this many bytes is confirmed once it is in the lab; a few of them travel at once.
CONFIRMED = 16 * 1024
TAKEN = '{"type":"taken"}'
# While this much waits, no more is read from the browser.
MOST = 512 * 1024
PIECE = 32 * 1024
# How long the last input before a page went may take to reach the lab.
LAST_S = 2.0


class InputQueue:
    """Stands before a terminal: `write` and `resize` return before the lab has taken them."""

    def __init__(self, terminal: Terminal, socket: web.WebSocketResponse, is_allowed: Callable[[], bool]) -> None:
        self._terminal, self._socket, self._is_allowed = terminal, socket, is_allowed
        self._waiting: deque[bytes | tuple[int, int]] = deque()
        self._size = 0
        self._changed = asyncio.Event()

    async def write(self, data: bytes) -> None:
        """Take bytes; wait while too many are in the queue."""
        self._add(data)
        while self._size > MOST:
            await self._change()

    async def resize(self, columns: int, rows: int) -> None:
        """Take a size of the screen, in order with the input before and after it."""
        self._add((columns, rows))

    async def run(self) -> None:
        """Pass the queue on to the lab, for ever."""
        while True:
            while not self._waiting:
                await self._change()
            first = self._waiting[0]
            if isinstance(first, tuple):
                await self._terminal.resize(*first)
            else:
                await self._give(first)
                self._size -= len(first)
            self._waiting.popleft()
            self._changed.set()

    async def end(self) -> None:
        """Wait a moment until the last input is in the lab."""
        try:
            async with asyncio.timeout(LAST_S):
                while self._waiting:
                    await self._change()
        except TimeoutError:
            return

    async def _give(self, data: bytes) -> None:
        for start in range(0, len(data), PIECE):
            if self._is_allowed():
                await self._terminal.write(data[start : start + PIECE])
        await self.confirm(data)

    async def confirm(self, data: bytes) -> None:
        """Tell the page that a piece was taken: it reached the lab, or was dropped."""
        if len(data) >= CONFIRMED and not self._socket.closed:
            await self._socket.send_str(TAKEN)

    def _add(self, what: bytes | tuple[int, int]) -> None:
        self._waiting.append(what)
        self._size += len(what) if isinstance(what, bytes) else 0
        self._changed.set()

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()
