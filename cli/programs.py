"""A program to keep alive: what to run, how it wants to be treated, and how it starts and ends with this process."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from cli import tether


@dataclass
class Program:
    """What to run, and how it wants to be treated."""

    name: str
    command: Sequence[str] = ()
    environ: Mapping[str, str] = field(default_factory=dict)
    # Instead of a command: a copy of this process calls it, so that what is imported already is shared.
    function: Callable[[], None] | None = None
    is_kept: bool = True
    stop_signal: int = signal.SIGTERM
    user: str = "-"
    folder: Path | None = None
    # Where its output goes: None, to our own; a path, to the end of that file; "lines", to the supervisor.
    output: Path | str | None = None
    pass_fds: tuple[int, ...] = ()
    prepare: Callable[[], None] | None = None
    on_exit: Callable[[int], None] | None = None


class Fork:
    """A copy of this process that calls a function and ends; as much of Popen as the supervisor needs."""

    stdout = None

    def __init__(self, function: Callable[[], None], death: int) -> None:
        parent = os.getpid()
        self.returncode: int | None = None
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            code = 1
            try:
                os.setsid()
                signal.set_wakeup_fd(-1)
                tether.forget_signals()
                tether.bind(parent, death)
                function()
                code = 0
            except BaseException:  # noqa: BLE001  # nothing may return into the parent's code
                sys.excepthook(*sys.exc_info())
            finally:
                sys.stderr.flush()
                os._exit(code)

    def poll(self) -> int | None:
        """Return the exit code once it has ended."""
        if self.returncode is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:
                pid, status = self.pid, 0
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode


def start(program: Program) -> "subprocess.Popen[bytes] | Fork":
    """Start a program; it ends when this process does. OSError: it can't be started."""
    if program.function:
        return Fork(program.function, program.stop_signal)
    tethered = [sys.executable, "-I", "-S", tether.__file__, str(os.getpid()), str(int(program.stop_signal))]
    with contextlib.ExitStack() as stack:
        target: int | IO[bytes] | None = None
        if program.output == "lines":
            target = subprocess.PIPE
        elif isinstance(program.output, Path):
            target = stack.enter_context(program.output.open("ab"))
        return subprocess.Popen(
            [*tethered, program.user, *program.command],
            env=dict(program.environ),
            cwd=program.folder,
            stdin=subprocess.DEVNULL,
            stdout=target,
            stderr=subprocess.STDOUT if target is not None else None,
            pass_fds=program.pass_fds,
            start_new_session=True,
        )
