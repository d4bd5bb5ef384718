"""Keeps a process at work that takes seconds to start, by copying one that has started already.

1. The parent has read all modules, and then only waits: it opens no connection and starts no thread.
2. Its child, a copy, does the work. One that is killed (hung, out of memory, by hand) has a successor in a moment.
3. A request to end is passed on to the child. How the child ends by itself is how the parent ends.
4. A child whose parent is gone ends as if it was asked to: whoever started the parent starts another one.
"""

import os
import signal
import threading
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
    """Whether the child is to end: it was asked to, or its parent is gone."""

    def __init__(self, parent: int) -> None:
        self._parent = parent
        self._asked = threading.Event()

    def ask(self, _number: int = 0, _frame: object = None) -> None:
        """Ask it to end; a handler of signals."""
        self._asked.set()

    def is_set(self) -> bool:
        """Say whether it is to end."""
        return self._asked.is_set() or os.getppid() != self._parent

    def wait(self, timeout: float) -> bool:
        """Wait until it is asked to end, or the time is over."""
        return self._asked.wait(timeout) or self.is_set()


def keep(work: Callable[[Ending], int]) -> int:
    """Have a copy of this process do the work until the end; return its exit code. In the copy: that of the work."""
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_BLOCK, HEARD)
    brief = 0
    while True:
        began, ending = time.monotonic(), Ending(os.getpid())
        pid = os.fork()
        if pid == 0:
            return _child(work, ending)
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
    for number in REQUESTS:
        signal.signal(number, ending.ask)
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
