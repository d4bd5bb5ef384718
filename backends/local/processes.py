"""Which processes belong to a lab, and their end.

A lab's processes live in one PID namespace, whatever they did to their sessions, parents and names.
"""

import contextlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

PROC = Path("/proc")
POLL_S = 0.01


def in_namespace(namespace: int) -> list[int]:
    """Return the living processes of a PID namespace, as far as we may look."""
    wanted = f"pid:[{namespace}]"
    return [pid for pid in _all() if _namespace(pid) == wanted and not _is_zombie(pid)]


def is_in_namespace(pid: int, namespace: int) -> bool:
    """Say whether that process is in the namespace: a process ID alone may be somebody else's by now."""
    return _namespace(pid) == f"pid:[{namespace}]"


def with_variable(assignment: str) -> list[int]:
    """Return the processes that were started with that variable in their environment."""
    wanted = assignment.encode()
    return [pid for pid in _all() if wanted in _environment(pid).split(b"\0")]


def measure(namespace: int) -> tuple[float, float]:
    """Return what the processes of a PID namespace have used: CPU in seconds so far, memory in MB now."""
    ticks, pages = 0, 0
    for pid in in_namespace(namespace):
        with contextlib.suppress(OSError, ValueError, IndexError):
            # proc_pid_stat(5), counted from the state: utime and stime are fields 14 and 15, rss is 24.
            fields = (PROC / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
            pages += int(fields[21])
    return ticks / os.sysconf("SC_CLK_TCK"), pages * os.sysconf("SC_PAGE_SIZE") / 1_048_576


def end_all(find: Callable[[], list[int]], within: float) -> bool:
    """Kill what `find` finds until it finds nothing; return False when the time is over."""
    deadline = time.monotonic() + within
    while pids := find():
        if time.monotonic() > deadline:
            return False
        for pid in pids:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(POLL_S)
    return True


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait until the condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    return True


def _all() -> list[int]:
    return [int(name) for name in os.listdir(PROC) if name.isdigit()] if PROC.is_dir() else []


def _namespace(pid: int) -> str:
    with contextlib.suppress(OSError):
        return os.readlink(PROC / str(pid) / "ns" / "pid")
    return ""


def _environment(pid: int) -> bytes:
    with contextlib.suppress(OSError):
        return (PROC / str(pid) / "environ").read_bytes()
    return b""


def _is_zombie(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return (PROC / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()[:1] == [b"Z"]
    return True
