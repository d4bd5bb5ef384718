"""A small HTTP client on asyncio, cheap enough to be a thousand students beside what it measures.

One connection, one request at a time (RFC 9112). It keeps what a browser would keep: the connection, and no more.
"""

import asyncio
import contextlib
import zlib
from dataclasses import dataclass

# As long as browsers wait for an answer, and our doors.
PATIENCE_S = 300.0


@dataclass(frozen=True)
class Answer:
    """A response; the body is unpacked."""

    status: int
    headers: dict[str, str]
    body: bytes


class Connection:
    """A connection to one site, opened when it is needed."""

    def __init__(self, port: int, host: str = "127.0.0.1", address: str | None = None) -> None:
        self._port, self._host, self._own = port, host, address
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ask(
        self, method: str, path: str, headers: str = "", body: bytes = b"", patience: float = PATIENCE_S
    ) -> Answer:
        """Send a request and read its answer; raise OSError, EOFError or TimeoutError where there is none."""
        is_old = self._writer is not None
        try:
            async with asyncio.timeout(patience):
                try:
                    return await self._ask(method, path, headers, body)
                except (OSError, asyncio.IncompleteReadError):
                    # The other side may have closed what rested: browsers open another one, too.
                    if not is_old:
                        raise
                    self.close()
                    return await self._ask(method, path, headers, body)
        except BaseException:
            self.close()
            raise

    async def _ask(self, method: str, path: str, headers: str, body: bytes) -> Answer:
        reader, writer = await self._open()
        head = f"{method} {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n{headers}"
        if body or method in ("POST", "PUT"):
            head += f"Content-Length: {len(body)}\r\n"
        writer.write(f"{head}\r\n".encode() + body)
        head_lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status = int(head_lines[0].split(" ", 2)[1])
        fields = dict(line.split(": ", 1) for line in head_lines[1:] if ": " in line)
        fields = {name.lower(): value for name, value in fields.items()}
        received = b"" if status in (204, 304) else await self._body(reader, fields)
        if fields.get("content-encoding") == "gzip":
            received = zlib.decompress(received, wbits=31)
        if fields.get("connection", "").lower() == "close":
            self.close()
        return Answer(status, fields, received)

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._reader is None or self._writer is None:
            own = (self._own, 0) if self._own else None
            self._reader, self._writer = await asyncio.open_connection(self._host, self._port, local_addr=own)
        return self._reader, self._writer

    async def _body(self, reader: asyncio.StreamReader, fields: dict[str, str]) -> bytes:
        if "content-length" in fields:
            return await reader.readexactly(int(fields["content-length"]))
        parts = []
        while size := int((await reader.readuntil(b"\r\n")).strip(), 16):
            parts.append(await reader.readexactly(size))
            await reader.readexactly(2)
        await reader.readexactly(2)
        return b"".join(parts)

    async def listen(self, path: str, headers: str = "") -> bool:
        """Open a stream of events and drop what it says until this task is cancelled; say whether it was opened."""
        reader, writer = await self._open()
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n{headers}\r\n".encode())
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            is_open = head.split(b" ", 2)[1] == b"200"
            while is_open and await reader.read(65_536):
                pass
            return is_open
        finally:
            self.close()

    def close(self) -> None:
        """Close the connection."""
        if self._writer is not None:
            with contextlib.suppress(RuntimeError):
                self._writer.close()
        self._reader = self._writer = None
