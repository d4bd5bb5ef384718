"""Joins its standard streams to a socket of the program in the same lab: what Nomad's exec runs.

It writes a plus once it is connected: what is sent from now on arrives. Then come blocks of bytes, each after its
length; an empty one is the end, which Nomad tells nobody whose input is still open.

It reads the same: an empty block says that somebody is still there, because Nomad neither ends a command whose caller
has gone nor closes its input; the longest length there can be says that they leave.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import struct
import sys
import threading
import time

WAIT_S = 10.0
CHUNK = 65_536
# Callers send something every ten seconds.
SILENCE_S = 45.0
LENGTH = struct.Struct("!I")
LEAVE = 0xFFFFFFFF


def main() -> None:
    """Connect to the socket that the first argument names, as soon as it is there."""
    there = _connect(os.path.join(os.environ["NOMAD_ALLOC_DIR"], "yurt"), sys.argv[1])
    _write(b"+")
    threading.Thread(target=_up, args=(there,), daemon=True).start()
    with contextlib.suppress(OSError):
        while data := there.recv(CHUNK):
            _write(LENGTH.pack(len(data)) + data)
    _write(LENGTH.pack(0))


def _write(data: bytes) -> None:
    while data:
        data = data[os.write(1, data) :]


def _connect(folder: str, name: str) -> socket.socket:
    deadline = time.monotonic() + WAIT_S
    while True:
        there = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            # From its folder, a socket's path is short enough.
            os.chdir(folder)
            there.connect(name)
            return there
        except OSError:
            there.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _up(there: socket.socket) -> None:
    """Pass on what comes, until the caller leaves or nothing comes any more."""
    with contextlib.suppress(EOFError):
        while (size := LENGTH.unpack(_read(LENGTH.size))[0]) != LEAVE:
            data = _read(size)
            try:
                there.sendall(data)
            except OSError:
                return  # the program has ended; its last output is still being written
    os._exit(0)


def _read(size: int) -> bytes:
    data = b""
    while len(data) < size:
        if not select.select([0], [], [], SILENCE_S)[0]:
            raise EOFError
        part = os.read(0, size - len(data))
        if not part:
            raise EOFError
        data += part
    return data


if __name__ == "__main__":
    main()
