"""Where passwords are hashed: two at a time in a process, in order of arrival, on threads that yield to answers.

argon2id takes 19 MB and tens of milliseconds of a core by intent. A class that signs in at once would otherwise take
eight times that in each process, which glibc keeps, and every thread that answers. A request that waits here for its
turn lends its thread: the web process answers others with one more meanwhile.
"""

import contextlib
import ctypes
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

AT_ONCE = 2
# Threads that are lent at most; a further request waits for a thread, as it would anyway.
MOST_LENT = 64
# A third of the share that a thread of priority 0 gets where both want the processor.
NICENESS = 5
# https://man7.org/linux/man-pages/man3/mallopt.3.html
M_MMAP_THRESHOLD = -3
MEGABYTE = 1024 * 1024


class Turns:
    """The hashing threads of one process, and the number of requests that wait for them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._threads: ThreadPoolExecutor | None = None
        self._inside = 0
        self._lend: Callable[[int], None] = lambda _number: None

    def lend_with(self, lend: Callable[[int], None]) -> None:
        """Call `lend` with the number of threads that wait here, whenever it changes."""
        self._lend = lend

    def take(self, work: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Run the work when it is its turn, and return what it returns."""
        outcome = self._pool().submit(work, *args, **options)
        self._count(+1)
        try:
            return outcome.result()
        finally:
            self._count(-1)

    def _pool(self) -> ThreadPoolExecutor:
        # Not before the first use: a web worker is a fork, and threads don't survive that.
        with self._lock:
            if self._threads is None:
                give_memory_back()
                self._threads = ThreadPoolExecutor(AT_ONCE, "passwords", initializer=_yield_to_others)
            return self._threads

    def _count(self, change: int) -> None:
        with self._lock:
            self._inside += change
            self._lend(min(self._inside, MOST_LENT))


turns = Turns()


class Hashing:
    """A context of passlib that works in turns; `before_wait` frees what a request needn't hold while it waits."""

    def __init__(self, context: Any, before_wait: Callable[[], None]) -> None:
        self._context = context
        self._before_wait = before_wait

    def hash(self, *args: Any, **options: Any) -> str:
        """Return the hash of a password."""
        self._before_wait()
        return str(turns.take(self._context.hash, *args, **options))

    def verify(self, *args: Any, **options: Any) -> bool:
        """Say whether the password belongs to the hash."""
        self._before_wait()
        return bool(turns.take(self._context.verify, *args, **options))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)


def give_memory_back() -> None:
    """Have large blocks returned to the system when they are freed.

    glibc raises the size from which it does so, up to 32 MB, when it sees large blocks freed; setting it ends that.
    """
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, MEGABYTE)


def _yield_to_others() -> None:
    if sys.platform == "linux":  # where a thread has a priority of its own
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
