"""A screen that several people look at: a PTY (or a VM's console), its recent past, and a socket for its viewers.

Nothing but the standard library: it runs beside a lab, on this machine or inside an allocation. Viewers send frames:
one byte (i: input, r: resize), four bytes of length, the payload. They receive the recent output and then what follows.
A viewer who reads slowly slows the lab's output down; one who doesn't read is dropped.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import selectors
import signal
import socket
import struct
import termios
import time
from collections.abc import Callable

# What a viewer who comes later still sees, and how far one may lag behind.
KEPT = 256 * 1024
HIGH_WATER = 256 * 1024
STUCK_S = 15.0
# `yes` must not eat a core: output is taken in slices of time, fewer bytes of it while nobody looks.
SLICE_S = 0.05
BYTES_A_SLICE = 512 * 1024
BYTES_A_SLICE_UNSEEN = 64 * 1024
LOOK_AROUND_S = 5.0
CHUNK = 65_536
HEADER = struct.Struct("!cI")
MAX_FRAME = 1024 * 1024
# Questions to the terminal (where is the cursor, what are you, which colours): answered when they were asked; asked
# again by a replay, the answers would be typed into the shell.
QUESTIONS = re.compile(
    rb"\x1b\[[?>=]?[0-9;]*(?:[cnx]|\$p)|\x1b\[>[0-9]*q|\x1b\[\?u|\x1b\](?:4;[0-9]+|1[0-9]);\?(?:\x07|\x1b\\)"
    rb"|\x1bP[$+]q[^\x1b]*\x1b\\|\x05"
)


class Ended(Exception):
    """SIGTERM came."""


def end_now(*_rest: object) -> None:
    """Leave the event loop wherever it waits."""
    raise Ended


class Viewer:
    """One attached terminal."""

    def __init__(self, connection: socket.socket, past: bytes) -> None:
        self.connection = connection
        self.outgoing = bytearray(past)
        self.incoming = bytearray()
        self.moved_at = time.monotonic()


class Screen:
    """The event loop of one screen. `is_ours` is asked every few seconds whether it is still wanted."""

    def __init__(self, master: int, listener: socket.socket, is_ours: Callable[[], bool]) -> None:
        self.master, self.listener, self.is_ours = master, listener, is_ours
        self.past = bytearray()
        self.typed = bytearray()
        self.viewers: dict[int, Viewer] = {}
        self.selector = selectors.DefaultSelector()
        self.interest: dict[int, int] = {}
        self.is_ending = False
        self.slice_began, self.slice_taken, self.looked_at = 0.0, 0, 0.0
        os.set_blocking(master, False)
        listener.setblocking(False)
        self.selector.register(listener, selectors.EVENT_READ)
        # More to listen to: what to do when one of these sockets can be read; and how often to look around.
        self.others: dict[int, Callable[[], None]] = {}
        self.look_around_s = LOOK_AROUND_S
        # What else to do with a viewer's size, in columns and rows.
        self.on_size: Callable[[int, int], None] | None = None

    def listen_to(self, other: socket.socket, action: Callable[[], None]) -> None:
        """Call `action` whenever `other` can be read."""
        other.setblocking(False)
        self.others[other.fileno()] = action
        self.selector.register(other, selectors.EVENT_READ)

    def run(self) -> None:
        """Serve until the terminal ends, SIGTERM comes, or the screen isn't wanted any more."""
        try:
            signal.signal(signal.SIGTERM, end_now)
            while not self.is_ending:
                self._serve()
        except Ended:
            pass
        signal.signal(signal.SIGTERM, signal.SIG_IGN)

    def _serve(self) -> None:
        timeout = self._set_interest()
        for key, events in self.selector.select(timeout):
            if key.fileobj is self.listener:
                self._accept()
            elif key.fd == self.master:
                self._serve_master(events)
            elif key.fd in self.viewers:
                self._serve_viewer(self.viewers[key.fd], events)
            elif key.fd in self.others:
                self.others[key.fd]()
        self._look_around()

    def _set_interest(self) -> float:
        """Ask for the events that can be used now; return for how long to wait."""
        is_full = any(len(viewer.outgoing) > HIGH_WATER for viewer in self.viewers.values())
        pause = self._pause()
        reading = 0 if is_full or pause else selectors.EVENT_READ
        self._want(self.master, reading | (selectors.EVENT_WRITE if self.typed else 0))
        for descriptor, viewer in self.viewers.items():
            reading = 0 if len(self.typed) > HIGH_WATER else selectors.EVENT_READ
            self._want(descriptor, reading | (selectors.EVENT_WRITE if viewer.outgoing else 0))
        return pause or (1.0 if is_full else self.look_around_s)

    def _pause(self) -> float:
        """Return the seconds until output may be taken again; 0 for now."""
        left = self.slice_began + SLICE_S - time.monotonic()
        if left <= 0:
            self.slice_began, self.slice_taken = time.monotonic(), 0
            return 0
        return left if self.slice_taken >= (BYTES_A_SLICE if self.viewers else BYTES_A_SLICE_UNSEEN) else 0

    def _want(self, descriptor: int, events: int) -> None:
        current = self.interest.get(descriptor, 0)
        if current and not events:
            self.selector.unregister(descriptor)
        elif events and not current:
            self.selector.register(descriptor, events)
        elif events != current:
            self.selector.modify(descriptor, events)
        self.interest[descriptor] = events

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionError):
            connection, _address = self.listener.accept()
            connection.setblocking(False)
            self.viewers[connection.fileno()] = Viewer(connection, replay(bytes(self.past)))

    def _serve_master(self, events: int) -> None:
        try:
            if events & selectors.EVENT_WRITE and self.typed:
                del self.typed[: os.write(self.master, self.typed[:4096])]
            if not events & selectors.EVENT_READ:
                return
            data = os.read(self.master, CHUNK)
        except BlockingIOError:
            return
        except OSError:  # EIO: nobody has the terminal open any more
            data = b""
        self.is_ending = not data
        self.slice_taken += len(data)
        self.show(data)

    def show(self, data: bytes) -> None:
        """Show bytes to everybody, and keep them."""
        self.past += data
        if len(self.past) > 2 * KEPT:
            del self.past[:-KEPT]
        for viewer in self.viewers.values():
            if not viewer.outgoing:
                viewer.moved_at = time.monotonic()
            viewer.outgoing += data

    def _serve_viewer(self, viewer: Viewer, events: int) -> None:
        try:
            if events & selectors.EVENT_WRITE and viewer.outgoing:
                del viewer.outgoing[: viewer.connection.send(viewer.outgoing[:CHUNK])]
                viewer.moved_at = time.monotonic()
            if events & selectors.EVENT_READ:
                data = viewer.connection.recv(CHUNK)
                if not data:
                    self._drop(viewer)
                    return
                viewer.incoming += data
                self._take_frames(viewer)
        except BlockingIOError:
            return
        except (OSError, ValueError):
            self._drop(viewer)

    def _take_frames(self, viewer: Viewer) -> None:
        while len(viewer.incoming) >= HEADER.size:
            kind, length = HEADER.unpack_from(viewer.incoming)
            if length > MAX_FRAME:
                raise ValueError(length)
            if len(viewer.incoming) < HEADER.size + length:
                return
            payload = bytes(viewer.incoming[HEADER.size : HEADER.size + length])
            del viewer.incoming[: HEADER.size + length]
            if kind == b"i":
                self.typed += payload
            elif kind == b"r" and length == 4:
                columns, rows = struct.unpack("!HH", payload)
                set_size(self.master, columns, rows)
                if self.on_size is not None:
                    self.on_size(columns, rows)

    def _drop(self, viewer: Viewer) -> None:
        descriptor = viewer.connection.fileno()
        self._want(descriptor, 0)
        self.interest.pop(descriptor, None)
        self.viewers.pop(descriptor, None)
        viewer.connection.close()

    def _look_around(self) -> None:
        """Let go of viewers that don't read, and end when the job isn't ours any more."""
        now = time.monotonic()
        for viewer in list(self.viewers.values()):
            if len(viewer.outgoing) > HIGH_WATER and now - viewer.moved_at > STUCK_S:
                self._drop(viewer)
        if now - self.looked_at >= self.look_around_s:
            self.looked_at = now
            self.is_ending = self.is_ending or not self.is_ours()

    def leave(self) -> None:
        """Give viewers what they can take at once, and close."""
        for viewer in self.viewers.values():
            with contextlib.suppress(OSError):
                viewer.connection.send(viewer.outgoing)
            viewer.connection.close()


def replay(past: bytes) -> bytes:
    """Return recent output as a viewer may see it again: from the beginning of a line, without questions."""
    if len(past) > KEPT:
        past = past[-KEPT:]
        past = past[past.find(b"\n") + 1 :]
    return QUESTIONS.sub(b"", past)


def set_size(descriptor: int, columns: int, rows: int) -> None:
    """Tell the terminal its size; the kernel tells the shell. A console that isn't a terminal has none."""
    with contextlib.suppress(OSError):
        fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
