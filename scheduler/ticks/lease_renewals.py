"""Says again and again what this process has in hand, so that nobody takes it over while its scheduler lives.

A virtual machine takes its time to boot, an image to be fetched, a home to be packed. A scheduler that dies stops
saying so; one whose work broke off says at once that others may take it up. While nothing is in hand, nothing is said.
"""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import structlog

from extensions import db
from models import LabSession, utcnow
from scheduler import holders
from services import leases
from services.leases import Kind

# Backends give up earlier; a call that never returns mustn't hold its row for ever.
LONGEST_S = 300.0

Key = uuid.UUID | int

log = structlog.get_logger("yurt.scheduler")


def renewer(keeper: "LeaseKeeper") -> Callable[[], bool]:
    """Return the work of the tick: at first it takes over what died with others, then it renews what is in hand."""
    is_first = True

    def work() -> bool:
        nonlocal is_first
        if is_first:
            for name in holders.take_over():
                log.info("took over from a scheduler that died", holder=name)
            is_first = False
        return keeper.renew()

    return work


def nothing() -> None:
    """Tell nobody that a row was claimed: there is one thread."""


class LeaseKeeper:
    """The rows that the threads of this process work at: sessions by their UUID, others by their number."""

    def __init__(self) -> None:
        self._since: dict[tuple[Kind, Key], float] = {}
        self._dropped: set[tuple[Kind, Key]] = set()
        self._lock = threading.Lock()

    @contextmanager
    def hold(self, key: Key, kind: Kind = LabSession) -> Iterator[None]:
        """Have the row's lease renewed while the block runs; where the block fails, the lease ends."""
        with self._lock:
            self._since[kind, key] = time.monotonic()
            self._dropped.discard((kind, key))
        is_done = False
        try:
            yield
            is_done = True
        finally:
            with self._lock:
                self._since.pop((kind, key), None)
                if not is_done:
                    self._dropped.add((kind, key))

    def of(self, kind: Kind) -> list[Any]:
        """Return the keys of what is in hand of a kind."""
        with self._lock:
            found = [(key, since) for (of, key), since in self._since.items() if of is kind]
        return [key for key, since in found if time.monotonic() - since < LONGEST_S]

    def renew(self) -> bool:
        """Renew what is in hand, and let go of what broke off: the work of the tick."""
        with self._lock:
            dropped = set(self._dropped)
        if not dropped and not self._since:
            return False
        for kind in leases.KINDS:
            if keys := self.of(kind):
                leases.renew(kind, keys, utcnow())
            if keys := [key for of, key in dropped if of is kind]:
                leases.release(kind, keys, utcnow())
        db.session.commit()
        with self._lock:
            self._dropped -= dropped
        return False
