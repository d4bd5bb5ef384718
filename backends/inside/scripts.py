"""Runs a script in the lab, with its limits, and ends all that it started."""

from __future__ import annotations

import contextlib
import ctypes
import os
import selectors
import signal
import threading
import time
from dataclasses import dataclass

from backends.inside.student import SUBREAPER, Student, become, end_all

CHUNK = 65_536
POLL_S = 0.02
END_S = 5.0
SHELL, COPY = "/bin/bash", "bash"
# The whole script is read, up to a NUL, and its pipe is closed before any of it runs: a student's program that a check
# starts must not read the rest of the script. Reading forks nothing: the lab may have no process left.
END = b"\0"
READ_AND_RUN = 'IFS= read -r -d "" -u %d || exit 126; exec %d<&-; eval "unset REPLY;$REPLY"'


@dataclass(frozen=True)
class Result:
    """How a script ended, and the first bytes of its output and errors together."""

    exit_code: int
    output: bytes
    is_timed_out: bool
    is_truncated: bool


def run(
    student: Student, namespaces: dict[str, int], script: bytes, stdin: bytes, timeout_s: float, limit: int
) -> Result:
    """Run a bash script as the student, in a process of its own: orphans become that process's children, and end."""
    ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
    reading, text = os.pipe()
    given, feed = os.pipe()
    output, said = os.pipe()
    child = os.fork()
    if child == 0:
        _begin(student, namespaces, reading, given, said)
    for descriptor in (reading, given, said):
        os.close(descriptor)
    _feed(text, script + END)
    _feed(feed, stdin)
    collected = _Output(limit)
    try:
        exit_code = _follow(child, output, collected, time.monotonic() + timeout_s)
    finally:
        _end_descendants(student.uid)
    collected.drain(output)
    is_timed_out = exit_code is None
    return Result(-1 if exit_code is None else exit_code, bytes(collected.kept), is_timed_out, collected.is_truncated)


def copy_shell() -> None:
    """Put a copy of the shell into this folder that others can run and not read.

    A process of it is closed to its own user, who could have its memory say that a check passed.
    """
    with open(SHELL, "rb") as source, open(COPY, "wb") as sink:
        while data := source.read(1024 * 1024):
            sink.write(data)
    os.chmod(COPY, 0o711)


def command(descriptor: int) -> list[str]:
    """Return the command that runs the script which comes through a descriptor."""
    return [SHELL, "--noprofile", "--norc", "-c", READ_AND_RUN % (descriptor, descriptor)]


def _begin(student: Student, namespaces: dict[str, int], reading: int, given: int, said: int) -> None:
    try:
        os.setsid()
        shell = os.open(COPY, os.O_RDONLY | os.O_CLOEXEC)
        if student.uid:
            # A program that opens /dev/stdout opens the pipe anew, as the student.
            for pipe in (given, said):
                os.fchown(pipe, student.uid, -1)
        os.dup2(given, 0)
        os.dup2(said, 1)
        os.dup2(said, 2)
        os.set_inheritable(reading, True)
        become(student, namespaces)
        os.execve(shell, command(reading), {**student.environment, "TERM": "dumb"})
    except OSError as error:
        os.write(2, f"the lab can't run a script: {error}\n".encode())
    finally:
        os._exit(126)


def _feed(descriptor: int, data: bytes) -> None:
    def write() -> None:
        with contextlib.suppress(BrokenPipeError), os.fdopen(descriptor, "wb") as pipe:
            pipe.write(data)

    threading.Thread(target=write, daemon=True).start()


class _Output:
    """What came back, up to a limit."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.kept = bytearray()
        self.is_truncated = False

    def add(self, data: bytes) -> None:
        """Keep what there is room for."""
        room = self.limit - len(self.kept)
        self.kept += data[:room]
        self.is_truncated = self.is_truncated or len(data) > room

    def drain(self, descriptor: int) -> None:
        """Take what is in the pipe still."""
        os.set_blocking(descriptor, False)
        with contextlib.suppress(BlockingIOError):
            while data := os.read(descriptor, CHUNK):
                self.add(data)
        os.close(descriptor)


def _follow(child: int, output: int, collected: _Output, deadline: float) -> int | None:
    """Collect output until the script ends; return its exit code, None when the time is over."""
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        is_open = True
        while (left := deadline - time.monotonic()) > 0:
            if is_open and selector.select(min(left, POLL_S)):
                data = os.read(output, CHUNK)
                collected.add(data)
                if not data:
                    selector.unregister(output)
                    is_open = False
            elif not is_open:
                time.sleep(POLL_S)
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return _exit_code(status)
    return None


def _exit_code(status: int) -> int:
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)


def _end_descendants(uid: int) -> None:
    """Kill every descendant, orphans included: this process is their subreaper.

    If they multiply faster than that, every process of the student is killed; not if they only take long to die.
    """
    deadline, killed = time.monotonic() + END_S, set[int]()
    while True:
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        # Parents first: a shell that outlives what it waits for prints how that ended.
        living = descendants(os.getpid())
        is_late = time.monotonic() > deadline
        if killed.issuperset(living) and (is_late or not living):
            return
        if is_late:
            break
        for pid in living:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        killed.update(living)
        time.sleep(POLL_S)
    end_all(uid)


def descendants(root: int) -> list[int]:
    """Return the processes below `root`, by their parents in proc_pid_stat(5)."""
    parents: dict[int, int] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError), open(f"/proc/{name}/stat", "rb") as file:
                parents[int(name)] = int(file.read().rpartition(b")")[2].split()[1])
    family = [root]
    for pid in family:
        family += [child for child, parent in parents.items() if parent == pid]
    return family[1:]
