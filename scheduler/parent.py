"""Keeps a process at work that takes seconds to start, by copying one that has started already.

1. The parent has read all modules, and then only waits: it opens no connection and starts no thread.
2. Its child, a copy, does the work. One that is killed (hung, out of memory, by hand) has a successor in a moment.
3. A request to end is passed on to the child. How the child ends by itself is how the parent ends.
4. A child whose parent is gone ends as if it was asked to: whoever started the parent starts another one.
"""

import os
import select
import signal
import time
from collections.abc import Callable
from contextlib import suppress

import structlog

# A child that was asked to end is killed after this time; it gives up a little earlier by itself.
END_S = 10
# After MOST_BRIEF children in a row that lived shorter than this, the parent ends, too: whoever started it decides.
BRIEF_S = 3.0
MOST_BRIEF = 5

REQUESTS = (signal.SIGTERM, signal.SIGINT)
HEARD = {*REQUESTS, signal.SIGCHLD, signal.SIGALRM}

log = structlog.get_logger("yurt.scheduler")


class Ending:
    """Whether the child is to end: it was asked to, or its parent is gone.

    `life` is the end of a pipe that closes with the parent, so that whoever waits needn't look now and then.
    """

    def __init__(self, parent: int, life: int) -> None:
        self._parent, self._life = parent, life
        self._is_asked = False
        self._heard, self._bell = os.pipe()
        os.set_blocking(self._heard, False)
        os.set_blocking(self._bell, False)

    def listen(self) -> None:
        """Have requests wake who waits, whichever thread they reach; in the main thread of the child."""
        signal.set_wakeup_fd(self._bell, warn_on_full_buffer=False)
        for number in REQUESTS:
            signal.signal(number, self.ask)

    def ask(self, _number: int = 0, _frame: object = None) -> None:
        """Ask it to end; a handler of signals."""
        self._is_asked = True

    def is_set(self) -> bool:
        """Say whether it is to end."""
        return self._is_asked or os.getppid() != self._parent

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is to end, or the time is over."""
        until = None if timeout is None else time.monotonic() + timeout
        waiting = select.poll()
        waiting.register(self._heard, select.POLLIN)
        waiting.register(self._life, select.POLLIN)
        while not self.is_set():
            left = None if until is None else until - time.monotonic()
            if left is not None and left <= 0:
                return False
            for number, _event in waiting.poll(None if left is None else left * 1000):
                if number == self._life:
                    return True
                with suppress(BlockingIOError):
                    os.read(self._heard, 4096)
        return True

    def close(self) -> None:
        """Close what the parent has of it."""
        os.close(self._heard)
        os.close(self._bell)


def keep(work: Callable[[Ending], int]) -> int:
    """Have a copy of this process do the work until the end; return its exit code. In the copy: that of the work."""
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_BLOCK, HEARD)
    brief = 0
    life, alive = os.pipe()
    while True:
        began, ending = time.monotonic(), Ending(os.getpid(), life)
        pid = os.fork()
        if pid == 0:
            os.close(alive)
            return _child(work, ending)
        ending.close()
        code, is_over = _watch(pid)
        if is_over or code >= 0:
            return code if code >= 0 else 1
        brief = brief + 1 if time.monotonic() - began < BRIEF_S else 0
        what = signal.Signals(-code).name
        if brief >= MOST_BRIEF:
            log.critical("scheduler is killed again and again", signal=what, pid=pid)
            return 1
        log.warning("scheduler was killed, and begins again", signal=what, pid=pid)


def _child(work: Callable[[Ending], int], ending: Ending) -> int:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    ending.listen()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HEARD)
    return work(ending)


def _watch(pid: int) -> tuple[int, bool]:
    """Wait for the end of the child, and pass requests on; return its code, and whether there was such a request."""
    is_over = False
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            signal.alarm(0)
            return os.waitstatus_to_exitcode(status), is_over
        number = signal.sigwait(HEARD)
        with suppress(ProcessLookupError):
            if number in REQUESTS:
                is_over = True
                os.kill(pid, signal.SIGTERM)
                signal.alarm(END_S)
            elif number == signal.SIGALRM:
                os.kill(pid, signal.SIGKILL)
