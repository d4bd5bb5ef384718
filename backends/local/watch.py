"""Holds a lab to its disk where its home is a plain folder: measures the home, and ends the programs that fill it.

Nothing but the standard library, in the holder. The file system tells at once when something has grown much; only
then, or after a while, the home is measured, by a process of its own, for a student may make a million files.
"""

import contextlib
import json
import os
import signal
import struct
import time
from pathlib import Path
from typing import Any

if __package__:
    from backends.inside.disk import free_bytes, measure, open_files
else:  # in the holder, which has nothing but its neighbours
    from disk import free_bytes, measure, open_files  # type: ignore[import-not-found,no-redef]

MEGABYTE = 1024 * 1024
LOOK_S = 0.1
EVERY_S = 10.0
# A home that is measured again and again takes no more than this part of a processor.
SHARE = 0.1
# When the file system has lost this part (a fourth) of what the lab has left, the lab may have written it.
PART = 4
# A lab over its limit is left alone as long as it grows less than this: its student may be cleaning up.
GROWTH = MEGABYTE
UNKNOWN = 2**62
NUMBERS = struct.Struct("!QQ")


class Watch:
    """Measures one home. Where labs run as the holder's account, that account's other files don't count."""

    def __init__(self, plan: dict[str, Any], folder: Path) -> None:
        self.home, self.folder = plan["home"], folder
        self.limit = plan["disk_mb"] * MEGABYTE
        self.uid = os.geteuid() if plan["uid"] is None else plan["uid"]
        self.used, self.cost_s, self.is_full = 0, 0.0, False
        self.measured_at, self.free = 0.0, free_bytes(self.home)
        self.child, self.results = 0, -1

    def look(self) -> str:
        """Measure where that is due, and end what fills the disk; return words for the terminal. Never waits."""
        if self.child:
            return self._result()
        age = time.monotonic() - self.measured_at
        gone = self.free - free_bytes(self.home)
        is_growing = gone >= max(GROWTH, (self.limit - self.used) // PART)
        if age >= EVERY_S or (is_growing and age >= self.cost_s / SHARE):
            self._begin()
        return ""

    def _begin(self) -> None:
        self.free, self.measured_at = free_bytes(self.home), time.monotonic()
        self.results, theirs = os.pipe()
        os.set_blocking(self.results, False)
        self.child = os.fork()
        if self.child == 0:
            try:
                began, seen = time.process_time(), set[tuple[int, int]]()
                total = measure(self.home, self.uid, seen)
                total += open_files(self.uid, {os.stat(self.home).st_dev}, seen, self._processes())
                os.write(theirs, NUMBERS.pack(total, int((time.process_time() - began) * 1000)))
            finally:
                os._exit(0)
        os.close(theirs)

    def _result(self) -> str:
        try:
            data = os.read(self.results, NUMBERS.size)
        except BlockingIOError:
            return ""
        os.close(self.results)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.child, 0)
        self.child = 0
        if len(data) != NUMBERS.size:
            return ""
        total, milliseconds = NUMBERS.unpack(data)
        self.cost_s = milliseconds / 1000
        return self._judge(total)

    def _judge(self, used: int) -> str:
        before, self.used = self.used, used
        if used <= self.limit:
            was_full, self.is_full = self.is_full, False
            return "There is room on the disk again." if was_full else ""
        if self.is_full and used < before + GROWTH:
            return ""
        self.is_full = True
        self._end_programs()
        # What was written until they ended is no new growth: the next measuring, at once, gives the new size.
        self.used, self.measured_at = UNKNOWN, 0.0
        megabytes, most = used // MEGABYTE, self.limit // MEGABYTE
        return f"The disk is full: {megabytes} of {most} MB. What ran was ended; remove something."

    def _end_programs(self) -> None:
        """End everything in the lab but its first process and the script that gives a shell again."""
        init = self._init()
        kept = {init, *(pid for pid in self._processes() if _parent(pid) == init and _is_script(pid))}
        for pid in self._processes():
            if pid not in kept:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)

    def _init(self) -> int:
        return int(self._report().get("child-pid", 0))

    def _processes(self) -> list[int]:
        """Return the processes of the lab, by their namespace."""
        wanted = f"pid:[{self._report().get('pid-namespace')}]"
        pids = []
        for name in os.listdir("/proc"):
            with contextlib.suppress(OSError):
                if name.isdigit() and os.readlink(f"/proc/{name}/ns/pid") == wanted:
                    pids.append(int(name))
        return pids

    def _report(self) -> dict[str, Any]:
        with contextlib.suppress(OSError, ValueError):
            report: dict[str, Any] = json.loads((self.folder / "init").read_text())
            return report
        return {}


def _parent(pid: int) -> int:
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return 0


def _is_script(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return b"yurt.init" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False
