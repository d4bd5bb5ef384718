"""Holds one lab: a PTY with a sandbox on it, and a socket for its viewers. It outlives who started it.

A program of its own with nothing but the standard library, started as `python -I -S holder.py JOB_DIRECTORY`.
It holds a lock on `alive` for as long as it lives: whoever can take that lock knows that the lab is gone, whatever
process IDs say. When it dies, the kernel ends the sandbox (bwrap --die-with-parent).

Viewers send frames: one byte (i: input, r: resize), four bytes of length, the payload. They receive the recent output
and then what follows. A viewer who reads slowly slows the lab's output down; one who doesn't read is dropped.
"""

import fcntl
import json
import os
import pty
import selectors
import signal
import socket
import struct
import sys
import termios
import time
from collections import deque
from pathlib import Path

KEPT = 256 * 1024
HIGH_WATER = 256 * 1024
STUCK_S = 15.0
CHUNK = 65_536
HEADER = struct.Struct("!cI")
MAX_FRAME = 1024 * 1024


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


class Holder:
    """The event loop of one lab."""

    def __init__(self, master: int, listener: socket.socket) -> None:
        self.master, self.listener = master, listener
        self.past: deque[bytes] = deque()
        self.kept = 0
        self.typed = bytearray()
        self.viewers: dict[int, Viewer] = {}
        self.selector = selectors.DefaultSelector()
        self.is_ending = False
        os.set_blocking(master, False)
        listener.setblocking(False)
        self.selector.register(listener, selectors.EVENT_READ)
        self.selector.register(master, selectors.EVENT_READ)

    def run(self) -> None:
        """Serve until the sandbox ends or SIGTERM comes."""
        try:
            signal.signal(signal.SIGTERM, end_now)
            while not self.is_ending:
                self._serve()
        except Ended:
            pass
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        self._flush()

    def _serve(self) -> None:
        self._set_interest()
        for key, events in self.selector.select(timeout=1.0):
            if key.fileobj is self.listener:
                self._accept()
            elif key.fd == self.master:
                self._serve_master(events)
            elif key.fd in self.viewers:
                self._serve_viewer(self.viewers[key.fd], events)
        self._drop_stuck()

    def _set_interest(self) -> None:
        is_full = any(len(viewer.outgoing) > HIGH_WATER for viewer in self.viewers.values())
        wanted = (0 if is_full else selectors.EVENT_READ) | (selectors.EVENT_WRITE if self.typed else 0)
        if self.master in self.selector.get_map():
            self.selector.unregister(self.master)
        if wanted:
            self.selector.register(self.master, wanted)
        for descriptor, viewer in self.viewers.items():
            reading = 0 if len(self.typed) > HIGH_WATER else selectors.EVENT_READ
            events = reading | (selectors.EVENT_WRITE if viewer.outgoing else 0)
            if descriptor in self.selector.get_map():
                self.selector.unregister(descriptor)
            if events:
                self.selector.register(descriptor, events)

    def _accept(self) -> None:
        connection, _address = self.listener.accept()
        connection.setblocking(False)
        self.viewers[connection.fileno()] = Viewer(connection, b"".join(self.past))

    def _serve_master(self, events: int) -> None:
        if events & selectors.EVENT_WRITE and self.typed:
            try:
                del self.typed[: os.write(self.master, self.typed[:4096])]
            except BlockingIOError:
                pass
            except OSError:
                self.is_ending = True
        if events & selectors.EVENT_READ:
            try:
                data = os.read(self.master, CHUNK)
            except BlockingIOError:
                return
            except OSError:  # EIO: nobody has the terminal open any more
                data = b""
            if not data:
                self.is_ending = True
                return
            self._keep(data)
            for viewer in self.viewers.values():
                if not viewer.outgoing:
                    viewer.moved_at = time.monotonic()
                viewer.outgoing += data

    def _keep(self, data: bytes) -> None:
        self.past.append(data)
        self.kept += len(data)
        while self.kept > KEPT and len(self.past) > 1:
            self.kept -= len(self.past.popleft())

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

    def _drop(self, viewer: Viewer) -> None:
        descriptor = viewer.connection.fileno()
        if descriptor in self.selector.get_map():
            self.selector.unregister(descriptor)
        self.viewers.pop(descriptor, None)
        viewer.connection.close()

    def _drop_stuck(self) -> None:
        now = time.monotonic()
        for viewer in list(self.viewers.values()):
            if len(viewer.outgoing) > HIGH_WATER and now - viewer.moved_at > STUCK_S:
                self._drop(viewer)

    def _flush(self) -> None:
        for viewer in self.viewers.values():
            try:
                viewer.connection.setblocking(True)
                viewer.connection.settimeout(0.5)
                viewer.connection.sendall(viewer.outgoing)
            except OSError:
                continue


def set_size(descriptor: int, columns: int, rows: int) -> None:
    """Tell the terminal its size; the kernel tells the shell."""
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def main(directory: Path) -> int:
    """Lock, listen, start the sandbox, serve; end the sandbox and be sure of it."""
    alive = os.open(directory / "alive", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return 0  # another holder has this lab already
    os.ftruncate(alive, 0)
    os.write(alive, str(os.getpid()).encode())
    plan = json.loads((directory / "plan.json").read_text())
    path = plan["socket"]
    if os.path.exists(path):
        os.unlink(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    os.chmod(path, 0o600)
    listener.listen(16)
    with open(directory / "error", "wb") as errors:
        child, master = spawn(plan, errors.fileno(), directory)
    set_size(master, 80, 24)
    Holder(master, listener).run()
    end_child(child)
    if os.path.exists(path):
        os.unlink(path)
    return 0


def spawn(plan: dict[str, list[str]], errors: int, directory: Path) -> tuple[int, int]:
    """Start the sandbox on a new PTY; it tells its first process ID through the file `init`."""
    init = os.open(directory / "init.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    child, master = pty.fork()
    if child == 0:
        os.dup2(init, 10, inheritable=True)
        os.set_inheritable(10, True)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        try:
            os.execve(plan["command"][0], plan["command"], {"PATH": "/usr/bin:/bin", "TERM": "xterm-256color"})
        except OSError as error:
            os.write(errors, str(error).encode())
            os._exit(126)
    os.close(init)
    os.rename(directory / "init.new", directory / "init")
    return child, master


def end_child(child: int) -> None:
    """Kill the sandbox and wait: its first process takes all others with it."""
    try:
        os.kill(child, signal.SIGKILL)
    except ProcessLookupError:
        pass
    try:
        os.waitpid(child, 0)
    except ChildProcessError:
        pass


if __name__ == "__main__":
    if os.fork() == 0:
        os.setsid()
        sys.exit(main(Path(sys.argv[1])))
