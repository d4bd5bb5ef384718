"""Keep programs alive: start, restart with back-off, collect their lines, end them in time.

One thread and one loop. `pump` is that loop; callers stay in it while they wait for anything, so that a program that
dies during start-up is noticed at once. It knows nothing of what it runs.
"""

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from cli import processes
from cli.programs import Fork, Program, start

TICK_S = 0.1
# A program that lived this long starts again at once; one that dies faster waits longer each time.
SETTLED_S = 10.0
FIRST_DELAY_S = 0.2
LONGEST_DELAY_S = 10.0
# A program that died so often without settling won't come up.
HOPELESS = 5
# A program that exits with this won't come up either: its configuration is wrong (sysexits.h).
EX_CONFIG = 78
LAST_WORDS = 6


class Interrupted(Exception):
    """Somebody asked us to end."""


@dataclass
class Running:
    """A program's present state."""

    program: Program
    process: subprocess.Popen[bytes] | Fork | None = None
    started_at: float = 0.0
    due_at: float | None = None
    delay: float = FIRST_DELAY_S
    deaths: int = 0
    returncode: int | None = None
    partial: bytes = field(default=b"", repr=False)
    words: deque[str] = field(default_factory=lambda: deque(maxlen=LAST_WORDS), repr=False)


class Supervisor:
    """A set of programs, watched by one loop."""

    def __init__(self, record: Path, say: Callable[[str, str], None]) -> None:
        self.record = record
        self.say = say
        self.members: dict[str, Running] = {}
        self.is_ending = False
        self.signals: list[int] = []
        self.selector = selectors.DefaultSelector()
        self.wake_read, self.wake_write = os.pipe()
        os.set_blocking(self.wake_read, False)
        os.set_blocking(self.wake_write, False)
        self.selector.register(self.wake_read, selectors.EVENT_READ)

    def listen_to_signals(self) -> None:
        """Turn SIGINT, SIGTERM and SIGHUP into Interrupted, raised by `pump`; a second SIGINT while ending kills."""
        signal.set_wakeup_fd(self.wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # Under nohup SIGHUP stays ignored, so that the site outlives the terminal.
            if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, lambda received, _: self.signals.append(received))

    def start(self, program: Program) -> None:
        """Start the program, and keep it alive if it is to be kept."""
        member = self.members.setdefault(program.name, Running(program))
        member.program = program
        self._spawn(member)

    def pump(self, until: Callable[[], bool] | None = None, *, within: float | None = None) -> bool:
        """Watch over all programs until the condition holds (True) or the time is over (False)."""
        deadline = None if within is None else time.monotonic() + within
        while True:
            self._turn(TICK_S)
            if self.signals and not self.is_ending:
                raise Interrupted
            if until is not None and until():
                return True
            if deadline is not None and time.monotonic() > deadline:
                return False

    def wait_for(self, name: str) -> int:
        """Watch until a program that isn't kept has ended; return its exit code."""
        self.pump(lambda: self.members[name].returncode is not None)
        return self.members[name].returncode or 0

    def pid(self, name: str) -> int | None:
        """Return the pid of a program that runs."""
        member = self.members.get(name)
        return member.process.pid if member and member.process else None

    def is_alive(self, name: str) -> bool:
        """Say whether the program runs now."""
        return self.pid(name) is not None

    def deaths(self) -> dict[str, int]:
        """Return how often each kept program died soon after it started, since it last settled."""
        return {name: member.deaths for name, member in self.members.items()}

    def hopeless(self) -> str | None:
        """Return the name of a program that died again and again, or said that it can't start."""
        for name, member in self.members.items():
            if member.program.is_kept and (member.deaths >= HOPELESS or member.returncode == EX_CONFIG):
                return name
        return None

    def last_words(self, name: str) -> list[str]:
        """Return what a program printed last, where its lines come to us."""
        return list(self.members[name].words) if name in self.members else []

    def end(self, names: Sequence[str] | None = None, *, within: float) -> None:
        """End these programs (all of them by default): ask, wait, kill, with all they started in their group."""
        self.is_ending = True
        chosen = [self.members[name] for name in (names or list(self.members)) if name in self.members]
        for member in chosen:
            member.program.is_kept = False
            member.due_at = None
            self._signal(member, member.program.stop_signal)
        interrupts = self.signals.count(signal.SIGINT)
        deadline = time.monotonic() + within
        while any(member.process for member in chosen) and time.monotonic() < deadline:
            self._turn(0.03)
            if self.signals.count(signal.SIGINT) > max(interrupts, 1):
                break
        for member in chosen:
            self._signal(member, signal.SIGKILL)
        deadline = time.monotonic() + 2
        while any(member.process for member in chosen) and time.monotonic() < deadline:
            self._turn(0.03)

    def _turn(self, patience: float) -> None:
        for key, _ in self.selector.select(patience):
            if key.fd == self.wake_read:
                with contextlib.suppress(BlockingIOError):
                    os.read(self.wake_read, 4096)
            else:
                self._collect(key.data, key.fileobj)  # type: ignore[arg-type]  # we registered files only
        for member in self.members.values():
            if member.process and member.process.poll() is not None:
                self._reap(member, member.process)
            elif member.due_at is not None and time.monotonic() >= member.due_at:
                self._try_again(member)

    def _spawn(self, member: Running) -> None:
        program = member.program
        member.due_at, member.returncode, member.started_at = None, None, time.monotonic()
        if program.prepare:
            program.prepare()
        member.process = start(program)
        if member.process.stdout:
            os.set_blocking(member.process.stdout.fileno(), False)
            self.selector.register(member.process.stdout, selectors.EVENT_READ, member)
        self._remember()

    def _try_again(self, member: Running) -> None:
        try:
            self._spawn(member)
        except OSError as error:
            # A full disk or process table passes; what runs must go on meanwhile.
            member.due_at = time.monotonic() + LONGEST_DELAY_S
            self.say(member.program.name, f"can't start now: {error}")

    def _reap(self, member: Running, process: subprocess.Popen[bytes] | Fork) -> None:
        program, lived = member.program, time.monotonic() - member.started_at
        if process.stdout:
            self._collect(member, process.stdout, is_last=True)
        # Programs that it left behind hold ports and sockets which its successor needs.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        member.process, member.returncode = None, process.returncode
        if program.on_exit:
            program.on_exit(process.pid)
        if program.is_kept and not self.is_ending:
            if lived >= SETTLED_S:
                member.delay, member.deaths = FIRST_DELAY_S, 0
            member.deaths += 1
            member.due_at = time.monotonic() + member.delay
            self.say(program.name, f"ended ({_ending(process.returncode)}), starts again in {member.delay:.1f} s")
            member.delay = min(member.delay * 2, LONGEST_DELAY_S)
        self._remember()

    def _collect(self, member: Running, stream: IO[bytes], *, is_last: bool = False) -> None:
        data = b""
        with contextlib.suppress(BlockingIOError, ValueError):
            while chunk := os.read(stream.fileno(), 65536):
                data += chunk
                if not is_last:
                    break
            else:
                is_last = True
        *lines, member.partial = (member.partial + data).split(b"\n")
        if is_last:
            lines, member.partial = [*lines, member.partial] if member.partial else lines, b""
            with contextlib.suppress(KeyError, ValueError):
                self.selector.unregister(stream)
            stream.close()
        for line in lines:
            text = line.decode("utf-8", "replace")
            if text.strip():
                member.words.append(text)
            self.say(member.program.name, text)

    def _signal(self, member: Running, number: int) -> None:
        if member.process:
            # SIGKILL goes to the whole group; a request to end only to its leader, which ends the others in order.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                (os.killpg if number == signal.SIGKILL else os.kill)(member.process.pid, number)

    def _remember(self) -> None:
        alive = {name: member.process.pid for name, member in self.members.items() if member.process}
        with contextlib.suppress(OSError):
            processes.write_record(self.record, alive)


def _ending(returncode: int | None) -> str:
    if returncode is not None and returncode < 0:
        return signal.Signals(-returncode).name
    return f"exit code {returncode}"
