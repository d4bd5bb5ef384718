"""What a web worker does about requests that don't arrive: they are given up in time, and never take all connections.

waitress reads requests in its loop and gives each to a thread when all of it is there, so a body that trickles holds a
connection, but no thread. When its time is over (`body_time.py`), the application answers 408 without it.
"""

import time
from typing import Any

from waitress.channel import ClientDisconnected, HTTPChannel
from waitress.task import WSGITask

import body_time

EVERY_S = 0.5
# What bodies that aren't whole may take of one worker's memory and disk together: a few uploads.
HELD_BYTES = 64 * 1024 * 1024


class Task(WSGITask):
    """A request, whether its body was given up, and what was learned of it before (cli/groups.py)."""

    wrote_header: bool
    content_bytes_written: int

    def get_environment(self) -> dict[str, Any]:
        """Return the WSGI environ."""
        environ: dict[str, Any] = super().get_environment()
        if getattr(self.request, "is_given_up", False):
            environ[body_time.LATE] = True
        environ.update(getattr(self.request, "further", {}))
        return environ

    def write(self, data: bytes) -> None:
        """Send a part of the answer: its head together with the first one, which a door then reads at once."""
        is_first = self.complete and not self.wrote_header and self.has_body and self.content_length is not None
        if not is_first or not 0 < len(data) <= self.content_length:
            super().write(data)
            return
        head = self.build_response_header()
        self.wrote_header = True
        self.content_bytes_written += len(data)
        self.channel.write_soon(head + data)


class Channel(HTTPChannel):
    """A connection that knows since when its request has been arriving."""

    task_class = Task
    request: Any = None
    requests: list[Any]
    close_when_flushed: bool
    since = 0.0

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self._read_early()

    def _read_early(self) -> None:
        """Read what came with the connection: a door sends a request as it connects."""
        try:
            data = self.socket.recv(self.adj.recv_bytes)
        except OSError:
            return  # nothing is there yet, or the loop sees what is wrong
        if data:
            self.received(data)

    def received(self, data: bytes) -> bool:
        """Take what came."""
        before = self.request
        is_taken: bool = super().received(data)
        if self.request is not before:
            self.since = time.monotonic()
        return is_taken

    @property
    def is_waiting(self) -> bool:
        """Whether a request has begun of which something is missing, and nothing before it is to be answered."""
        is_ending = self.will_close or self.close_when_flushed
        return self.request is not None and not self.requests and not is_ending

    def is_late(self, now: float) -> bool:
        """Say whether the request has used up its time."""
        return self.is_waiting and now - self.since > body_time.allowed_s(self.request.body_bytes_received)

    def answer(self, head: bytes, body: bytes) -> None:
        """Send an answer that is made, and go on as waitress does after one. It doesn't wake waitress's loop.

        The head is without its end, for whether the connection is kept is said here.
        """
        request = self.requests[0]
        is_last = request.headers.get("CONNECTION", "").lower() == "close"
        answer = head + (b"Connection: close\r\n\r\n" if is_last else b"\r\n") + body
        try:
            with self.outbuf_lock:
                is_first = self.connected and not self.total_outbufs_len
                sent = self.send(answer, do_close=False) if is_first else 0
                if sent < len(answer):
                    self.write_soon(answer[sent:])
        except (OSError, ClientDisconnected):
            is_last = True
        with self.requests_lock:
            done = self.requests if is_last else [request]
            for each in done:
                each.close()
            self.requests = self.requests[len(done) :]
            self.close_when_flushed = self.close_when_flushed or is_last
            if self.requests:
                self.server.add_task(self)
        self.last_activity = time.time()

    def give_up(self) -> None:
        """Have the request answered without the rest of its body, then close. Without its head nobody can answer it."""
        with self.requests_lock:
            request, self.request = self.request, None
            if request is None or not request.headers_finished:
                self.will_close = True
                return
            request.is_given_up = True
            request.headers.update({"CONNECTION": "close", "CONTENT_LENGTH": "0"})
            self.requests.append(request)
            if len(self.requests) == 1:
                self.server.add_task(self)


class Watch:
    """Looks after one server's connections, from its loop."""

    def __init__(self, server: Any) -> None:
        self._server, self._next = server, 0.0
        self._leaving: Channel | None = None
        server.channel_class = Channel

    def look(self) -> None:
        """Give up what is late; and where the worker is full, whoever has been sending for the longest."""
        now, is_full = time.monotonic(), len(self._server._map) >= self._server.adj.connection_limit
        if now < self._next and not is_full:
            return
        self._next = now + EVERY_S
        for channel in self._server.active_channels.values():
            if channel.requests:
                # Nothing is read from it meanwhile: the time of what follows begins with the answer.
                channel.since = now
        waiting = [channel for channel in self._server.active_channels.values() if channel.is_waiting]
        held = sum(channel.request.body_bytes_received for channel in waiting)
        for channel in sorted(waiting, key=lambda channel: channel.since):
            if held > HELD_BYTES or channel.is_late(now) or (is_full and not self._is_somebody_leaving()):
                held -= channel.request.body_bytes_received
                self._leaving = channel
                channel.give_up()

    def _is_somebody_leaving(self) -> bool:
        return self._leaving is not None and self._leaving.connected
