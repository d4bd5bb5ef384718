"""A viewer of a local lab: the asyncio side of the holder's socket."""

import asyncio
import struct
from pathlib import Path

from backends.base import BackendUnavailable

HEADER = struct.Struct("!cI")
CHUNK = 32_768
# Reading stops when this much waits for a slow browser; the holder then slows the lab down.
BUFFER = 64 * 1024


class LocalTerminal:
    """One open terminal."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def read(self) -> bytes:
        """Wait for output; empty at the lab's end."""
        try:
            return await self._reader.read(CHUNK)
        except ConnectionError:
            return b""

    async def write(self, data: bytes) -> None:
        """Type."""
        await self._frame(b"i", data)

    async def resize(self, columns: int, rows: int) -> None:
        """Set the size of the screen, within what terminals can be."""
        await self._frame(b"r", struct.pack("!HH", max(2, min(columns, 1000)), max(1, min(rows, 1000))))

    async def _frame(self, kind: bytes, payload: bytes) -> None:
        try:
            self._writer.write(HEADER.pack(kind, len(payload)) + payload)
            await self._writer.drain()
        except ConnectionError:
            return

    async def close(self) -> None:
        """Leave."""
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except ConnectionError:
            return


async def open_terminal(socket: Path, columns: int, rows: int) -> LocalTerminal:
    """Connect to a holder; raise BackendUnavailable where there is none."""
    try:
        reader, writer = await asyncio.open_unix_connection(str(socket), limit=BUFFER)
    except OSError as error:
        raise BackendUnavailable(f"no lab answers at {socket.name}") from error
    terminal = LocalTerminal(reader, writer)
    await terminal.resize(columns, rows)
    return terminal
