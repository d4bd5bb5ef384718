"""Runs a script in a lab: as its student, in its namespaces, away from what the student can change.

The script comes through a pipe, its environment is clean, and neither the student's files nor PATH have a say. All that
it starts carries a variable of its own, by which it is found and ended, sessions and daemons included.
"""

import contextlib
import os
import secrets
import selectors
import shlex
import signal
import subprocess
import threading
import time
from pathlib import Path

from backends.base import BackendUnavailable, ExecResult, LabSpec
from backends.inside import scripts
from backends.local import plain, processes, sandbox
from backends.local.etc import variables
from backends.local.jobs import Sandbox

MARK = "YURT_RUN"
END_S = 5.0
CHUNK = 65_536
# How long the pipe of a script that has ended is read.
LAST_S = 0.5
# The first words of the inner shell: output before them is an error of entering the lab, not of the script.
ENTERED = b"\0yurt-entered\0"


def run(
    spec: LabSpec,
    lab_sandbox: Sandbox,
    home: Path,
    script: str,
    *,
    timeout_s: float,
    output_limit: int,
    stdin: bytes = b"",
) -> ExecResult:
    """Run the script; its output and errors come back together, at most `output_limit` bytes."""
    mark = f"{MARK}={secrets.token_hex(16)}"
    reading, writing = os.pipe()
    try:
        process = _spawn(spec, lab_sandbox, home, mark, reading, has_input=bool(stdin))
    except OSError as error:
        os.close(writing)
        raise BackendUnavailable(f"{spec.job_id} can't be entered: {error.strerror}") from error
    finally:
        os.close(reading)
    _feed(writing, script.encode() + scripts.END)
    if process.stdin is not None:
        _feed(os.dup(process.stdin.fileno()), stdin)
        process.stdin.close()
    collected = _Output(output_limit)
    try:
        is_timed_out = not _follow(process, collected, time.monotonic() + timeout_s)
    finally:
        _end(process, mark)
    process.wait()
    collected.take_rest(process)
    if not collected.has_entered:
        raise BackendUnavailable(f"{spec.job_id} can't be entered: {collected.start.decode(errors='replace')[:300]}")
    return ExecResult(process.returncode, bytes(collected.kept), is_timed_out, collected.is_truncated)


def way_in(spec: LabSpec, lab_sandbox: Sandbox, home: Path) -> list[str]:
    """Return what goes before a command that is to run in the lab with a clean environment."""
    if not sandbox.is_here():
        return plain.clean(spec, home)
    values = variables(spec, sandbox.home_inside(spec))
    return [
        *sandbox.enter(spec, lab_sandbox),
        "/usr/bin/env",
        "-i",
        *(f"{name}={value}" for name, value in values.items()),
    ]


def _spawn(
    spec: LabSpec, lab_sandbox: Sandbox, home: Path, mark: str, reading: int, *, has_input: bool
) -> "subprocess.Popen[bytes]":
    limits = sandbox.limits(spec) if sandbox.is_here() else "true"
    entered = ENTERED.decode().replace("\0", "\\0")
    shell = shlex.join(scripts.command(reading))
    inner = f"printf '{entered}'; umask 022; cd && {limits} && exec {shell}"
    return subprocess.Popen(
        [*way_in(spec, lab_sandbox, home), mark, "TERM=dumb", "/bin/bash", "--noprofile", "--norc", "-c", inner],
        stdin=subprocess.PIPE if has_input else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=(reading,),
        env={"PATH": os.defpath},  # ours holds secrets, and the first processes in the lab still have it
        start_new_session=True,
        cwd="/",
    )


def _feed(descriptor: int, data: bytes) -> None:
    """Write to a pipe in the background: whoever reads may be slow, or never read."""

    def write() -> None:
        with contextlib.suppress(BrokenPipeError), os.fdopen(descriptor, "wb") as pipe:
            pipe.write(data)

    threading.Thread(target=write, daemon=True).start()


class _Output:
    """What came back, up to a limit."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.start = b""
        self.has_entered = False
        self.kept = bytearray()
        self.is_truncated = False

    def add(self, data: bytes) -> None:
        """Take bytes as they come."""
        if not self.has_entered:
            self.start = (self.start + data)[:CHUNK]
            before, entered, data = self.start.partition(ENTERED)
            if not entered:
                return
            self.has_entered = True
        room = self.limit - len(self.kept)
        self.kept += data[:room]
        self.is_truncated = self.is_truncated or len(data) > room

    def take_rest(self, process: "subprocess.Popen[bytes]") -> None:
        """Take what is still in the pipe, without waiting for other processes that hold it open."""
        assert process.stdout is not None
        os.set_blocking(process.stdout.fileno(), False)
        deadline = time.monotonic() + LAST_S
        with process.stdout, contextlib.suppress(BlockingIOError):
            while time.monotonic() < deadline and (data := os.read(process.stdout.fileno(), CHUNK)):
                self.add(data)


def _follow(process: "subprocess.Popen[bytes]", collected: _Output, deadline: float) -> bool:
    """Collect output until the script ends; return False when the time is over."""
    assert process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while process.poll() is None:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            if selector.select(min(left, 0.05)):
                data = os.read(process.stdout.fileno(), CHUNK)
                if not data:  # closed by a script that goes on
                    selector.unregister(process.stdout)
                    break
                collected.add(data)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(max(0.0, deadline - time.monotonic()))
    return process.returncode is not None


def _end(process: "subprocess.Popen[bytes]", mark: str) -> None:
    """End what the script left running, and the command that entered the lab."""
    processes.end_all(lambda: processes.with_variable(mark), END_S)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
