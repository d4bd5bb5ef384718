"""Renews the leases of the rows that this process works at, so that no other scheduler takes them over.

Booting a virtual machine, fetching an image or packing a home takes longer than a lease. A scheduler that dies renews
no more; one whose work failed releases the lease at once. Without rows in hand there is no statement.
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

# Backends give up earlier, also on a check that takes all of its five minutes on a busy machine; a call that never
# returns mustn't hold its row for ever.
LONGEST_S = 400.0

Key = uuid.UUID | int

log = structlog.get_logger("yurt.scheduler")


def renewer(keeper: "LeaseKeeper") -> Callable[[], bool]:
    """Return the work of the tick: it first ends the leases of dead schedulers on this host, then renews ours."""
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
    """Do nothing when a row was claimed: there is no other thread to wake."""


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

    def has_any(self) -> bool:
        """Say whether a row is in hand, or its lease is still to be ended."""
        return bool(self._since or self._dropped)

    def of(self, kind: Kind) -> list[Any]:
        """Return the keys of the rows of a kind that are in hand."""
        with self._lock:
            in_hand = [(key, since) for (of, key), since in self._since.items() if of is kind]
        return [key for key, since in in_hand if time.monotonic() - since < LONGEST_S]

    def renew(self) -> bool:
        """Renew the leases of rows in hand, and release those of work that failed."""
        if not self.has_any():
            return False
        with self._lock:
            dropped = set(self._dropped)
        for kind in leases.KINDS:
            if keys := self.of(kind):
                leases.renew(kind, keys, utcnow())
            if keys := [key for of, key in dropped if of is kind]:
                leases.release(kind, keys, utcnow())
        db.session.commit()
        with self._lock:
            self._dropped -= dropped
        return False
