"""A worker whose bodies have little time, and senders who trickle."""

import contextlib
import hashlib
import itertools
import select
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from flask import Flask

from body_time import LATE
from cli.late_bodies import Watch
from cli.worker import make_server, turn
from tests.deploy.doors import is_whole

LENGTH, CHUNKED = "Content-Length: 1000", "Transfer-Encoding: chunked"
# Most of it is there at once: more than any buffer keeps, or than Caddy does.
LONG, UPLOAD = "Content-Length: 120000", "Content-Length: 1200000"
AT_ONCE = {LONG: 100_000, UPLOAD: 1_100_000}
END_S = 20.0


class Worker:
    """A web worker of cli.worker as a thread: `/echo` says what came, all else is the application's.

    `/wait` is answered when `until` is set.
    """

    def __init__(
        self, app: Flask, threads: int = 2, connections: int = 800, until: threading.Event | None = None
    ) -> None:
        self._app, self._is_ending = app, False
        self._until, self.waiting = until, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listener.getsockname()[1])
        self.server = make_server(self, self.listener, threads, connections)
        self._watch = Watch(self.server)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer as WSGI asks for it."""
        is_wait = environ["PATH_INFO"] == "/wait" and self._until is not None
        if not (is_wait or environ["PATH_INFO"] == "/echo") or LATE in environ:
            return self._app(environ, start_response)
        body = environ["wsgi.input"].read()
        if is_wait and self._until is not None:
            self.waiting += 1
            self._until.wait(30)
        told = f"{len(body)} {hashlib.sha256(body).hexdigest()}".encode()
        start_response("200 OK", [("Content-Length", str(len(told)))])
        return [told]

    def _run(self) -> None:
        while not self._is_ending:
            turn(self.server, self._watch)

    def close(self) -> None:
        """End the loop and its threads."""
        self._is_ending = True
        self.server.pull_trigger()
        self._thread.join(5)
        for channel in list(self.server.active_channels.values()):
            channel.handle_close()
        self.server.task_dispatcher.shutdown(timeout=2)
        self.server.close()


@dataclass
class Told:
    """What a sender got."""

    status: int
    head: str
    body: str
    after_s: float
    closed_s: float | None


def begin(port: int, request_line: str, *headers: str) -> socket.socket:
    """Open a connection and send a request's head."""
    connection = socket.create_connection(("127.0.0.1", port), 30)
    connection.sendall("\r\n".join([f"{request_line} HTTP/1.1", "Host: 127.0.0.1", *headers, "", ""]).encode())
    return connection


def trickle(
    port: int, request_line: str, *headers: str, pieces: Iterator[bytes] | None = None, is_enough: bool = False
) -> Told:
    """Send a body byte by byte, whatever is answered, until the other side closes; or the answer `is_enough`."""
    pieces = pieces or itertools.repeat(b"1\r\nx\r\n" if CHUNKED in headers else b"x")
    found, began, after_s = b"", time.monotonic(), 0.0
    closed_s = None
    with begin(port, request_line, *headers) as connection, contextlib.suppress(ConnectionError):
        connection.sendall(b"x" * sum(AT_ONCE.get(header, 0) for header in headers))
        while time.monotonic() < began + END_S:
            if not select.select([connection], [], [], 0.1)[0]:
                connection.sendall(next(pieces, b""))
                continue
            if not (piece := connection.recv(65536)):
                break
            found += piece
            after_s = after_s or (time.monotonic() - began if is_whole(found) else 0.0)
            if is_enough and after_s:
                break
    if time.monotonic() < began + END_S:
        closed_s = time.monotonic() - began
    head, _, body = found.decode(errors="replace").partition("\r\n\r\n")
    return Told(int(head.split(" ")[1]) if head else 0, head, body, after_s, closed_s)


def upload(port: int, size: int, pieces_s: float = 0.0, piece: int = 65536) -> tuple[bool, float]:
    """Send a body in pieces, at a pace; say whether it came as it was sent, and how long that took."""
    data, began = bytes(itertools.islice(itertools.cycle(range(251)), size)), time.monotonic()
    with begin(port, "PUT /echo", f"Content-Length: {size}", "Connection: close") as connection:
        for start in range(0, size, piece):
            connection.sendall(data[start : start + piece])
            if pieces_s:
                time.sleep(pieces_s)
        found = b""
        while more := connection.recv(65536):
            found += more
    is_there = found.endswith(f"{size} {hashlib.sha256(data).hexdigest()}".encode())
    return is_there, time.monotonic() - began
