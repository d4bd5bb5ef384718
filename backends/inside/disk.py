"""Holds a lab to its disk: Nomad counts it when it places a lab, and doesn't limit it.

A student decides what there is to measure: any number of folders, as deep as they like, and deleted files that are
still open. So a process of its own measures, however long it takes. A student who hinders it counts as over the limit.
"""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import struct
import sys
import time
from dataclasses import replace

if __package__:
    from backends.inside.student import MEGABYTE, Student, end_all, shed_rights
else:  # beside a lab on this machine, whose holder has nothing but its neighbours
    from student import MEGABYTE, Student, end_all, shed_rights  # type: ignore[import-not-found,no-redef]

EVERY_S = 5.0
# The part of a processor that measuring may take: more would make a lab with many files look busy. It begins sooner
# when the file system has lost as much as the lab may still use.
SHARE = 0.03
# Measuring takes longer only where the lab's programs leave no processor time; it is ended then, and begun anew.
LONGEST_S = 60.0
# A lab over its limit is left alone as long as it grows less than this: its student may be cleaning up.
GROWTH_MB = 1
# What an entry costs where its blocks don't show it: names and inodes run out, too.
ENTRY = 1024
NUMBER = struct.Struct("!Q")


class Quota:
    """Measures a lab's files every few seconds. While `is_full`, no new process may make a file grow."""

    def __init__(self) -> None:
        self.is_full = False
        self.used = 0
        self.looked_at, self.cost_s, self.free = 0.0, 0.0, 0
        self.looking, self.results, self.answer = 0, -1, b""

    def hold(self, student: Student) -> Student:
        """Return the student with the limits of now: none of their files may grow while the disk is full."""
        return replace(student, disk_mb=0) if self.is_full else student

    def enforce(self, student: Student) -> str:
        """End what fills the disk; return words for the terminal, or nothing. Never waits."""
        if not student.uid:
            return ""
        age = time.monotonic() - self.looked_at
        if self.looking and self._has_ended(age > LONGEST_S):
            return self._judge(student)
        if not self.looking and age >= EVERY_S and (age >= self.cost_s / SHARE or self._may_be_over(student)):
            self._begin(student)
        return ""

    def _may_be_over(self, student: Student) -> bool:
        left = student.disk_mb * MEGABYTE - self.used
        return self.free - free_bytes(student.home) >= max(left, GROWTH_MB * MEGABYTE)

    def _begin(self, student: Student) -> None:
        self.looked_at, self.answer, self.free = time.monotonic(), b"", free_bytes(student.home)
        self.results, theirs = os.pipe()
        os.set_blocking(self.results, False)
        try:
            self.looking = os.fork()
        except OSError:
            os.close(self.results)
            os.close(theirs)
            raise
        if self.looking == 0:
            try:
                look([student.home, "/tmp"], student.uid, theirs)
            except OSError as error:
                print(f"disk not measured: {error}", file=sys.stderr, flush=True)
            finally:
                os._exit(0)
        os.close(theirs)

    def _has_ended(self, is_late: bool) -> bool:
        if is_late:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.looking, signal.SIGKILL)
        try:
            data = os.read(self.results, NUMBER.size)
        except BlockingIOError:
            data = None
        self.answer += data or b""
        return data == b"" or is_late

    def _judge(self, student: Student) -> str:
        os.close(self.results)
        self.looking, self.looked_at = 0, time.monotonic()
        numbers = [number for (number,) in NUMBER.iter_unpack(self.answer)]
        if len(numbers) == 3:
            self.cost_s = numbers.pop() / 1000
            return self._decide(student, sum(numbers))
        if not numbers:
            return ""
        # The second half of measuring runs as the student: one of their programs has ended or stopped it.
        end_all(student.uid)
        return "The disk couldn't be measured: what ran was ended."

    def _decide(self, student: Student, used: int) -> str:
        before, self.used = self.used, used
        if used <= student.disk_mb * MEGABYTE:
            if not self.is_full:
                return ""
            # A limit on files can't be taken back from a process.
            self.is_full = False
            end_all(student.uid)
            return "There is room on the disk again."
        if self.is_full and used < before + GROWTH_MB * MEGABYTE:
            return ""
        self.is_full = True
        end_all(student.uid)
        return f"The disk is full: {used // MEGABYTE} of {student.disk_mb} MB. What ran was ended; remove something."


def look(folders: list[str], uid: int, results: int) -> None:
    """Write three numbers: the bytes of the user's files, those of their deleted open files, the milliseconds it took.

    Afterwards the process runs as the user.
    """
    seen: set[tuple[int, int]] = set()
    os.write(results, NUMBER.pack(sum(measure(folder, uid, seen) for folder in folders)))
    devices = {os.stat(folder).st_dev for folder in folders}
    # Only the user may see which files their processes have open.
    shed_rights(uid)
    os.write(results, NUMBER.pack(open_files(uid, devices, seen)) + NUMBER.pack(int(time.process_time() * 1000)))


def free_bytes(folder: str) -> int:
    """Return the free bytes of the folder's file system."""
    file_system = os.statvfs(folder)
    return file_system.f_bfree * file_system.f_frsize


def measure(folder: str, uid: int, seen: set[tuple[int, int]]) -> int:
    """Return the bytes of that user's entries below the folder, each counted once, however deep. Follows no links.

    It walks one folder at a time: a whole path may be longer than the system takes.
    """
    os.chdir(folder)
    total, waiting = 0, [_children(uid, seen)]
    total += waiting[-1][0]
    places = [os.stat(".")]
    while waiting:
        _bytes, names = waiting[-1]
        if not names:
            waiting.pop()
            places.pop()
            if places:
                os.chdir("..")
                # Somebody moved the folder meanwhile: the next measuring begins anew.
                if not os.path.samestat(os.stat("."), places[-1]):
                    return total
            continue
        with contextlib.suppress(OSError):
            there = os.open(names.pop(), os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            os.fchdir(there)
            os.close(there)
            waiting.append(_children(uid, seen))
            places.append(os.stat("."))
            total += waiting[-1][0]
    return total


def _children(uid: int, seen: set[tuple[int, int]]) -> tuple[int, list[str]]:
    """Return what the entries of this folder take, and the names of its folders."""
    total, names = 0, []
    with contextlib.suppress(OSError), os.scandir(".") as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                status = entry.stat(follow_symlinks=False)
                if status.st_uid == uid and (status.st_dev, status.st_ino) not in seen:
                    if status.st_nlink > 1 and not stat.S_ISDIR(status.st_mode):
                        seen.add((status.st_dev, status.st_ino))
                    total += max(ENTRY, status.st_blocks * 512)
                # Folders of others hold nothing of this user's: on a machine without chroots, /tmp is everybody's.
                if stat.S_ISDIR(status.st_mode) and status.st_uid == uid:
                    names.append(entry.name)
    return total, names


def open_files(uid: int, devices: set[int], seen: set[tuple[int, int]], processes: list[int] | None = None) -> int:
    """Return the bytes of deleted files on those devices that processes of the user hold open.

    It looks at `processes`, by default at all.
    """
    total = 0
    for process in _all_processes() if processes is None else processes:
        with contextlib.suppress(OSError):
            for name in os.listdir(f"/proc/{process}/fd"):
                with contextlib.suppress(OSError):
                    status = os.stat(f"/proc/{process}/fd/{name}")
                    is_theirs = status.st_uid == uid and status.st_dev in devices and stat.S_ISREG(status.st_mode)
                    if is_theirs and not status.st_nlink and (status.st_dev, status.st_ino) not in seen:
                        seen.add((status.st_dev, status.st_ino))
                        total += status.st_blocks * 512
    return total


def _all_processes() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]
