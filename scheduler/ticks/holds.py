"""Says again and again that a start is still in hand, so that nobody takes it over while its scheduler lives.

A virtual machine takes its time to boot, and an image to be fetched. A scheduler that dies stops saying so.
"""

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from extensions import db
from models import utcnow
from services import lab_claims, warm_labs

# Backends give up earlier; a call that never returns mustn't hold its row for ever.
LONGEST_S = 300.0


class Hands:
    """What the threads of this process are starting: sessions by their UUID, warm machines by their number."""

    def __init__(self) -> None:
        self._since: dict[uuid.UUID | int, float] = {}
        self._lock = threading.Lock()

    @contextmanager
    def hold(self, key: uuid.UUID | int) -> Iterator[None]:
        """Have the row renewed while the block runs."""
        with self._lock:
            self._since[key] = time.monotonic()
        try:
            yield
        finally:
            with self._lock:
                self._since.pop(key, None)

    def keys(self) -> list[uuid.UUID | int]:
        """Return what is in hand."""
        with self._lock:
            return [key for key, since in self._since.items() if time.monotonic() - since < LONGEST_S]

    def sessions(self) -> list[uuid.UUID]:
        """Return the sessions that are in hand."""
        return [key for key in self.keys() if isinstance(key, uuid.UUID)]

    def renew(self) -> bool:
        """Renew what is in hand: the work of the tick."""
        # Also with empty hands: a round that ends well says that PostgreSQL answers.
        lab_claims.renew(self.sessions(), utcnow())
        warm_labs.renew([key for key in self.keys() if isinstance(key, int)], utcnow())
        db.session.commit()
        return False
