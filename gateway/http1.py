"""HTTP/1.1 (RFC 9112) as a client over a lab's stream: one exchange a connection, bodies as they come.

Strict where a lax reader would let a lab confuse us about where a message ends; what it means is not judged here.
"""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from dataclasses import dataclass

from scheduler.backends.base import Stream

Headers = list[tuple[str, str]]
MAX_HEAD = 64 * 1024
STATUS = re.compile(rb"HTTP/1\.[01] ([1-9][0-9]{2})(?: ([^\r\n]*))?")
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
WITHOUT_BODY = (204, 304)


class BadAnswer(Exception):
    """What the lab's server said isn't HTTP, or ended in the middle."""


@dataclass(frozen=True)
class Head:
    """The beginning of an answer."""

    status: int
    reason: str
    headers: Headers

    def get(self, name: str) -> str:
        """Return the values of a header with commas between, as RFC 9110 5.3 has it."""
        return ", ".join(value for key, value in self.headers if key.lower() == name)


def head_bytes(method: str, target: str, headers: Iterable[tuple[str, str]]) -> bytes:
    """Return the beginning of a request; raise ValueError for what would change its meaning."""
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    if any(char in line for line in lines for char in "\r\n\0"):
        raise ValueError("a line break in a header")
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape")


def chunk(data: bytes) -> bytes:
    """Return `data` as a chunk of a body of unknown length; empty for its end."""
    return b"%x\r\n%b\r\n" % (len(data), data)


class Answer:
    """Reads an answer from a stream."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._buffer = bytearray()

    async def head(self) -> Head:
        """Wait for the answer's beginning; interim answers (1xx but 101) are passed over. Raise BadAnswer."""
        while True:
            found = parse_head(await self._until(b"\r\n\r\n"))
            if found.status >= 200 or found.status == 101:
                return found

    async def body(self, method: str, head: Head) -> AsyncGenerator[bytes, None]:
        """Yield the body; raise BadAnswer where it ends too early."""
        length = head.get("content-length")
        if method == "HEAD" or head.status in WITHOUT_BODY:
            return
        if head.get("transfer-encoding"):
            async for data in self._chunks():
                yield data
        elif length:
            left = int(length)
            while left:
                data = await self._some(left)
                if not data:
                    raise BadAnswer("the body is too short")
                left -= len(data)
                yield data
        else:
            while data := await self._some(MAX_HEAD):
                yield data

    async def rest(self) -> AsyncIterator[bytes]:
        """Yield what comes until the end, of a connection that is HTTP no more."""
        while data := await self._some(MAX_HEAD):
            yield data

    async def _chunks(self) -> AsyncIterator[bytes]:
        while left := _size(await self._until(b"\r\n")):
            while left:
                data = await self._some(left)
                if not data:
                    raise BadAnswer("a chunk is too short")
                left -= len(data)
                yield data
            if await self._until(b"\r\n") != b"":
                raise BadAnswer("a chunk is too long")
        while await self._until(b"\r\n"):
            pass  # trailers

    async def _some(self, most: int) -> bytes:
        if not self._buffer:
            self._buffer += await self._stream.read()
        data = bytes(self._buffer[:most])
        del self._buffer[:most]
        return data

    async def _until(self, mark: bytes) -> bytes:
        while (at := self._buffer.find(mark)) < 0:
            data = await self._stream.read()
            if not data or len(self._buffer) > MAX_HEAD:
                raise BadAnswer("no end of the head" if data else "the connection ended")
            self._buffer += data
        line = bytes(self._buffer[:at])
        del self._buffer[: at + len(mark)]
        return line


def parse_head(head: bytes) -> Head:
    """Return the status and headers; raise BadAnswer."""
    first, *lines = head.split(b"\r\n")
    status = STATUS.fullmatch(first)
    if status is None:
        raise BadAnswer("no HTTP")
    headers: Headers = []
    for line in lines:
        name, colon, value = line.decode("utf-8", "replace").partition(":")
        if not colon or not TOKEN.fullmatch(name) or "\r" in value or "\n" in value or "\0" in value:
            raise BadAnswer("a line that is no header")
        headers.append((name, value.strip(" \t")))
    found = Head(int(status[1]), (status[2] or b"").decode("latin-1"), headers)
    _check_framing(found)
    return found


def _check_framing(head: Head) -> None:
    """RFC 9112 6.3: an answer whose length can be read in two ways is refused."""
    coding, length = head.get("transfer-encoding"), head.get("content-length")
    if coding and (coding.lower() != "chunked" or length):
        raise BadAnswer("a length in two ways")
    if length and not (length.isascii() and length.isdigit() and len(length) < 19):
        raise BadAnswer("no length")


def _size(line: bytes) -> int:
    digits = line.partition(b";")[0].strip()
    if not re.fullmatch(rb"[0-9A-Fa-f]{1,15}", digits):
        raise BadAnswer("no size of a chunk")
    return int(digits, 16)
