"""The bytes that a browser sends once its connection is HTTP no more."""

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web

# Reading stops when this much waits.
HIGH_WATER = 256 * 1024


class RawReader:
    """Takes over the browser's side of a connection that was upgraded. It has the methods of aiohttp's parsers."""

    def __init__(self, request: web.Request) -> None:
        self._transport = request.transport
        self._buffer = bytearray()
        self._is_over = False
        self._changed = asyncio.Event()
        request.protocol.set_parser(self)  # type: ignore[arg-type]  # it asks for these methods only

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Take bytes from the connection."""
        self._buffer += data
        self._changed.set()
        if len(self._buffer) > HIGH_WATER and self._transport is not None:
            self._transport.pause_reading()
        return False, b""

    def feed_eof(self) -> None:
        """Take the end of the connection."""
        self._is_over = True
        self._changed.set()

    def set_exception(self, _error: BaseException, _cause: BaseException | None = None) -> None:
        """Take the loss of the connection."""
        self.feed_eof()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            while not self._buffer and not self._is_over:
                self._changed.clear()
                await self._changed.wait()
            if not self._buffer:
                return
            data, self._buffer = bytes(self._buffer), bytearray()
            if self._transport is not None and not self._transport.is_closing():
                self._transport.resume_reading()
            yield data
