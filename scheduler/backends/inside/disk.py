"""Holds a lab to its disk: Nomad counts it when it places a lab, and doesn't limit it."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

from scheduler.backends.inside.student import MEGABYTE, Student

EVERY_S = 5.0
# A look may take this long; a home of more files is measured only in part.
LOOK_S = 1.0
# Who is over the limit and cleans up is left alone.
GROWTH_MB = 1


class Quota:
    """Looks at a lab's files every few seconds."""

    def __init__(self) -> None:
        self.looked_at = 0.0
        self.used = 0

    def enforce(self, student: Student) -> str:
        """End what fills the disk; return words for the terminal, or nothing."""
        if time.monotonic() - self.looked_at < EVERY_S or not student.uid:
            return ""
        before, self.used = self.used, measure([Path(student.home), Path("/tmp")], student.uid)
        self.looked_at = time.monotonic()
        limit = student.disk_mb * MEGABYTE
        if self.used <= limit or self.used < before + GROWTH_MB * MEGABYTE:
            return ""
        end_all(student.uid)
        used = self.used // MEGABYTE
        return f"The disk is full: {used} of {student.disk_mb} MB. What ran was ended; remove something."


def measure(folders: list[Path], uid: int) -> int:
    """Return the bytes on disk of that user's files, for as long as a look may take."""
    total, deadline = 0, time.monotonic() + LOOK_S
    for folder in folders:
        for path, _folders, files in os.walk(folder, onerror=None):
            if time.monotonic() > deadline:
                return total
            for name in files:
                with contextlib.suppress(OSError):
                    found = os.lstat(os.path.join(path, name))
                    total += found.st_blocks * 512 if found.st_uid == uid else 0
    return total


def end_all(uid: int) -> None:
    """Kill every process of that user."""
    for name in os.listdir("/proc"):
        with contextlib.suppress(OSError):
            if name.isdigit() and os.stat(f"/proc/{name}").st_uid == uid:
                os.kill(int(name), signal.SIGKILL)
