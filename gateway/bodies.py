"""Reads the body of a request in pieces, within a time limit. The caller decides what is answered."""

import asyncio

from aiohttp import web

import body_time

CHUNK = 64 * 1024


class Late(Exception):
    """The body didn't arrive in time."""


class Body:
    """One request's body. Time counts while a piece is waited for, not while the lab takes what came."""

    def __init__(self, request: web.Request, stall_s: float) -> None:
        self._content, self._stall_s = request.content, stall_s
        self._received, self._waited_s = 0, 0.0

    async def read(self) -> bytes:
        """Return what came, nothing at the end; raise Late."""
        left_s = body_time.allowed_s(self._received) - self._waited_s
        clock = asyncio.get_running_loop()
        began = clock.time()
        try:
            async with asyncio.timeout(min(self._stall_s, left_s)):
                piece = await self._content.read(CHUNK)
        except TimeoutError as error:
            raise Late from error
        self._waited_s += clock.time() - began
        self._received += len(piece)
        return piece
