"""HTTP/1.1 (RFC 9112) as a client over a lab's stream: one exchange a connection, bodies as they come.

h11 parses and frames. Before it reads the head of an answer, we refuse what it would repair: a lab must not be able to
make two readers disagree about where a message ends. What an answer means is not judged here.
docs/adr/0026-http-1-by-h11.md compares the two.
"""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from dataclasses import dataclass

import h11

from backends.base import Stream

Headers = list[tuple[str, str]]
MAX_HEAD = 64 * 1024
WITHOUT_BODY = (204, 304)

# RFC 9112 2.2, 2.3 and 5.2: HTTP/1.0 or 1.1, CRLF after each line, and no line that continues the one before it.
STRICT_LINES = re.compile(rb"HTTP/1\.[01] [^\n]*(?:\r\n[^ \t\n][^\n]*)*\r\n\r\n")
# RFC 9112 6.3: the one line that says how long the body is, and how it may say so.
LENGTH_NAMES = (b"content-length:", b"transfer-encoding:")
LENGTH_LINE = re.compile(rb"content-length:[ \t]*[0-9]{1,18}[ \t]*|transfer-encoding:[ \t]*chunked[ \t]*")


class BadAnswer(Exception):
    """The answer of the lab's server isn't HTTP, or ended in the middle."""


@dataclass(frozen=True)
class Head:
    """The beginning of an answer."""

    status: int
    reason: str
    headers: Headers

    def get(self, name: str) -> str:
        """Return the values of a header with commas between, as RFC 9110 5.3 has it."""
        return ", ".join(value for key, value in self.headers if key.lower() == name)


class Exchange:
    """One request over a stream, and its answer. Request and answer may travel at the same time."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD)
        # Read from the stream, and not given to h11 yet: a head goes there whole, once it has been checked.
        self._unread = bytearray()

    async def ask(self, method: str, target: str, headers: Iterable[tuple[str, str]]) -> None:
        """Send the head of the request; raise ValueError for what would change its meaning."""
        fields = [(_bytes(name), _bytes(value)) for name, value in headers]
        try:
            request = h11.Request(method=_bytes(method), target=_percent_encoded(target), headers=fields)
            head = self._connection.send(request)
        except h11.LocalProtocolError as error:
            raise ValueError("no head of a request") from error
        await self._stream.write(head or b"")

    async def send(self, data: bytes) -> None:
        """Send a part of the request's body, framed as its head says."""
        await self._stream.write(self._connection.send(h11.Data(data=data)) or b"")

    async def end(self) -> None:
        """End the request; raise h11.LocalProtocolError where its body is shorter than its head says."""
        if end := self._connection.send(h11.EndOfMessage()):
            await self._stream.write(end)

    async def head(self) -> Head:
        """Wait for the answer's beginning; interim answers (1xx but 101) are passed over. Raise BadAnswer."""
        while True:
            head = await self._whole_head()
            _refuse_what_h11_repairs(head)
            self._connection.receive_data(head)
            event = self._next_event()
            assert isinstance(event, h11.Response | h11.InformationalResponse)
            if event.status_code >= 200 or event.status_code == 101:
                return Head(event.status_code, event.reason.decode("latin-1"), _headers(event))

    async def body(self) -> AsyncGenerator[bytes, None]:
        """Yield the body; raise BadAnswer where it ends too early."""
        if self._unread:
            self._connection.receive_data(bytes(self._unread))
            self._unread.clear()
        while not isinstance(event := self._next_event(), h11.EndOfMessage):
            if isinstance(event, h11.Data):
                yield event.data
            else:
                self._connection.receive_data(await self._stream.read())

    async def rest(self) -> AsyncIterator[bytes]:
        """Yield what comes until the end, of a connection that is HTTP no more."""
        if self._unread:
            yield bytes(self._unread)
        while data := await self._stream.read():
            yield data

    def _next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        try:
            return self._connection.next_event()
        except h11.RemoteProtocolError as error:
            raise BadAnswer(str(error)) from error

    async def _whole_head(self) -> bytes:
        while (end := self._unread.find(b"\r\n\r\n")) < 0:
            data = await self._stream.read()
            if not data or len(self._unread) > MAX_HEAD:
                raise BadAnswer("no end of the head" if data else "the connection ended")
            self._unread += data
        head = bytes(self._unread[: end + 4])
        del self._unread[: end + 4]
        return head


def _refuse_what_h11_repairs(head: bytes) -> None:
    if not STRICT_LINES.fullmatch(head):
        raise BadAnswer("no strict HTTP/1")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(LENGTH_NAMES)]
    if len(lengths) > 1 or not all(LENGTH_LINE.fullmatch(line) for line in lengths):
        raise BadAnswer("a length that can be read in two ways")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _percent_encoded(target: str) -> bytes:
    """Return the target as RFC 3986 has it; h11 takes no bytes beyond ASCII, which some clients send as they are."""
    return re.sub(rb"[\x80-\xff]", lambda byte: b"%%%02X" % ord(byte[0]), _bytes(target))


def _headers(event: h11.Response | h11.InformationalResponse) -> Headers:
    """Return the headers with their names as the lab's server wrote them."""
    return [(name.decode("ascii"), value.decode("utf-8", "replace")) for name, value in event.headers.raw_items()]
