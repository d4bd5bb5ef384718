"""Joins its standard streams to a socket of the program in the same lab: what Nomad's exec runs.

It writes a plus once it is connected: what is sent from now on arrives. Then come blocks of bytes, each after its
length; an empty one is the end, which Nomad tells nobody whose input is still open.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import sys
import threading
import time

WAIT_S = 10.0
CHUNK = 65_536


def main() -> None:
    """Connect to the socket that the first argument names, as soon as it is there."""
    there = _connect(os.path.join(os.environ["NOMAD_ALLOC_DIR"], "yurt"), sys.argv[1])
    _write(b"+")
    threading.Thread(target=_up, args=(there,), daemon=True).start()
    with contextlib.suppress(OSError):
        while data := there.recv(CHUNK):
            _write(struct.pack("!I", len(data)) + data)
    _write(struct.pack("!I", 0))


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
    with contextlib.suppress(OSError):
        while data := os.read(0, CHUNK):
            there.sendall(data)
        there.shutdown(socket.SHUT_WR)


if __name__ == "__main__":
    main()
