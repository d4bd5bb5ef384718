"""A web server in a VM: a connection to its loopback, carried by one of the machine's virtio serial ports.

Each of them carries one connection at a time; docs/vm-images.md is the contract. No network leads to the machine.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import select
import socket
import threading
import time
from collections.abc import Iterator

from backends.inside import wire
from backends.inside.student import yield_memory

# Callers wait ten seconds for an answer.
WAIT_S, ASK_S, POLL_S = 8.0, 3.0, 0.05
# How long the rest of a mark may be on its way, and how long a machine may take to end a connection that was left.
MARK_S, END_S, LOOK_S = 0.2, 5.0, 1.0
LONGEST_ANSWER = 65_536


class Refused(Exception):
    """Nobody listens there."""


def reach(connection: socket.socket, port: int) -> None:
    """Connect to a port of the machine's own loopback: `+` and then its bytes, or `-`."""
    # Many connections at once must not be the end of the program, which holds the console.
    yield_memory()
    deadline = time.monotonic() + WAIT_S
    with contextlib.suppress(Refused):
        while time.monotonic() < deadline:
            for path in _carriers():
                with _alone(path) as is_free:
                    if is_free and time.monotonic() < deadline and _serve(path, connection, port):
                        return
            time.sleep(POLL_S)
    with contextlib.suppress(OSError):
        connection.sendall(b"-")


def _carriers() -> list[str]:
    """Return the sockets of the virtio ports that are for this."""
    folder, prefix = os.path.split(os.environ.get("YURT_PORTS", ""))
    names = sorted(os.listdir(folder)) if prefix else []
    return [os.path.join(folder, name) for name in names if name.startswith(prefix)]


@contextlib.contextmanager
def _alone(path: str) -> Iterator[bool]:
    """Say whether nobody else uses it, and keep them from it meanwhile."""
    with open(f"{os.path.basename(path)}.lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _serve(path: str, connection: socket.socket, port: int) -> bool:
    """Carry the connection to its end; False where the machine doesn't answer on this one. Raise Refused."""
    mark = secrets.token_hex(16).encode()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as there:
        try:
            there.settimeout(ASK_S)
            there.connect(path)
            there.sendall(b"\nyurt-connect %b %d\n" % (mark, port))
            rest = _answer(there, mark)
        except OSError:
            return False
        there.settimeout(None)
        with contextlib.suppress(OSError):
            connection.sendall(b"+")
        Carried(connection, there, b"\x1eyurt-end %b\n" % mark).carry(rest)
    return True


def _answer(there: socket.socket, mark: bytes) -> bytes:
    """Wait for the answer, past what an earlier connection left; return what follows it. Raise Refused and OSError."""
    deadline, received = time.monotonic() + ASK_S, b""
    while (left := deadline - time.monotonic()) > 0:
        there.settimeout(left)
        data = there.recv(wire.CHUNK)
        if not data:
            break
        received += data
        if b"yurt-refused %b\n" % mark in received:
            raise Refused
        _before, connected, rest = received.partition(b"yurt-connected %b\n" % mark)
        if connected:
            return rest
        received = received[-LONGEST_ANSWER:]
    raise TimeoutError("no answer")


class Carried:
    """A connection that stands: bytes go up in blocks, each after its length, and come down as they are until `ending`,
    a mark that only the machine's carrier knows."""

    def __init__(self, connection: socket.socket, there: socket.socket, ending: bytes) -> None:
        self.connection, self.there, self.ending = connection, there, ending
        self.left_at = float("inf")

    def carry(self, received: bytes) -> None:
        """Carry both ways until one side ends."""
        up = threading.Thread(target=self._up, daemon=True)
        up.start()
        with contextlib.suppress(OSError):
            self._down(received)
        # That tells the caller that no more comes, and then the carrier.
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
        up.join(END_S)

    def _up(self) -> None:
        with contextlib.suppress(OSError):
            while data := self.connection.recv(wire.CHUNK):
                self.there.sendall(b"%d\n%b" % (len(data), data))
        self.left_at = time.monotonic()
        with contextlib.suppress(OSError):
            self.there.sendall(b"0\n")

    def _down(self, pending: bytes) -> None:
        """Pass on what comes. Once the caller has left, only the end is waited for: the next one begins after it."""
        while True:
            body, ending, _rest = pending.partition(self.ending)
            pending = b"" if ending else pending[len(pending) - self._begun(pending) :]
            self._say(body[: len(body) - len(pending)])
            if ending:
                return
            if select.select([self.there], [], [], MARK_S if pending else LOOK_S)[0]:
                data = self.there.recv(wire.CHUNK)
                if not data:
                    return
                pending += data
            elif time.monotonic() - self.left_at > END_S:
                return
            else:
                self._say(pending)
                pending = b""

    def _say(self, data: bytes) -> None:
        if data:
            with contextlib.suppress(OSError):
                self.connection.sendall(data)

    def _begun(self, data: bytes) -> int:
        """Return how many bytes at the end may be the beginning of the mark."""
        sizes = range(min(len(data), len(self.ending) - 1), 0, -1)
        return next((size for size in sizes if data.endswith(self.ending[:size])), 0)
