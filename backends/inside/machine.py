"""Holds a virtual machine to its disk: what the guest writes goes to a file that may grow to its image's whole size.

That file has no name, so only QEMU can tell its size (QMP, qemu.org/docs/master/interop). Writing is slowed down, not
refused: the work can still be saved, and the guest doesn't see a broken disk.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import struct
import time
from typing import Any

from backends.inside.student import MEGABYTE

EVERY_S = 5.0
# A guest that works hard keeps QEMU from answering.
LONGEST_S = 20.0
# Over its disk, in parts of it, a machine writes only so many bytes a second.
STEPS = ((1.5, 4 * 1024), (1.0, 256 * 1024))
FREE = 0
NUMBER = struct.Struct("!Q")
# The console's log is kept for operators, to see how the machine came up; it is emptied when it is longer than this.
LOG_BYTES = 1024 * 1024


class Disk:
    """Asks every few seconds, in a process of its own."""

    def __init__(self) -> None:
        self.is_full = False
        self.asked_at = 0.0
        self.asking, self.results = 0, -1

    def enforce(self, limit_mb: int) -> str:
        """Slow a machine over its disk down; return words for its screen, or nothing. Never waits."""
        age = time.monotonic() - self.asked_at
        if not self.asking:
            if age >= EVERY_S:
                self._begin(limit_mb * MEGABYTE)
            return ""
        used = self._read()
        if used is None and age <= LONGEST_S:
            return ""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.asking, signal.SIGKILL)
        os.close(self.results)
        self.asking, self.asked_at = 0, time.monotonic()
        was_full, self.is_full = self.is_full, (self.is_full if used is None else used > limit_mb * MEGABYTE)
        if not self.is_full or was_full:
            return ""
        return f"The machine's disk is full: {(used or 0) // MEGABYTE} of {limit_mb} MB. It writes slowly from now on."

    def _begin(self, limit: int) -> None:
        self.asked_at = time.monotonic()
        trim(os.path.join(os.environ["NOMAD_ALLOC_DIR"], "con.log"))
        self.results, theirs = os.pipe()
        os.set_blocking(self.results, False)
        try:
            self.asking = os.fork()
        except OSError:
            os.close(self.results)
            os.close(theirs)
            raise
        if self.asking == 0:
            try:
                os.write(theirs, NUMBER.pack(hold(os.environ["YURT_MACHINE"], limit)))
            except (OSError, ValueError, KeyError, TypeError):
                os.write(theirs, NUMBER.pack(0))
            finally:
                os._exit(0)
        os.close(theirs)

    def _read(self) -> int | None:
        try:
            data = os.read(self.results, NUMBER.size)
        except BlockingIOError:
            return None
        return int(NUMBER.unpack(data)[0]) if len(data) == NUMBER.size else 0


def trim(path: str) -> None:
    """Empty the log of the console once it is too long; QEMU appends to it."""
    with contextlib.suppress(OSError):
        if os.stat(path).st_size > LOG_BYTES:
            os.truncate(path, 0)


def hold(path: str, limit: int) -> int:
    """Return the bytes that the machine's disks take beside their images, each held to the limit."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as there:
        there.settimeout(LONGEST_S)
        there.connect(path)
        with there.makefile("rwb") as stream:
            stream.readline()
            _ask(stream, "qmp_capabilities")
            total = 0
            for drive in _ask(stream, "query-block"):
                image = (drive.get("inserted") or {}).get("image") or {}
                used = int(image.get("actual-size") or 0) if image.get("backing-image") else 0
                total += used
                speed = next((speed for part, speed in STEPS if used > part * limit), FREE)
                if used and int(drive["inserted"].get("bps_wr") or 0) != speed:
                    rest = dict.fromkeys(("bps", "bps_rd", "iops", "iops_rd", "iops_wr"), 0)
                    _ask(stream, "block_set_io_throttle", device=drive["device"], bps_wr=speed, **rest)
            return total


def _ask(stream: Any, command: str, **arguments: Any) -> Any:
    """Return what QEMU answers, past the events that it tells in between."""
    stream.write(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
    stream.flush()
    while line := stream.readline():
        answer = json.loads(line)
        if "error" in answer:
            raise ValueError(answer["error"])
        if "return" in answer:
            return answer["return"]
    raise ConnectionError("the machine is gone")
