"""What a tick is: a kind of background work, when it is due, and the bell that wakes its threads."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect

# Makes the question for one figure, to be asked together with those of the other ticks; its argument stands for the
# time of each look.
Ask = Callable[[ColumnElement[datetime]], "ScalarSelect[Any]"]


class Bell:
    """Wakes one thread of a tick. A ring that nobody waits for is kept for the next who waits; several are one."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._is_rung = False

    def ring(self) -> None:
        """Wake one thread."""
        with self._condition:
            self._is_rung = True
            self._condition.notify()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for a ring and take it; return False where the time was over first."""
        with self._condition:
            is_rung = self._condition.wait_for(lambda: self._is_rung, timeout)
            self._is_rung = self._is_rung and not is_rung
            return is_rung


@dataclass
class Tick:
    """A kind of work. `work` does one piece and says whether there may be more; a nudge with its `topic` wakes it.

    It works every `interval_s`, when a row is due (`due` asks for the time at which the first one is), or both. While
    the answer to `needs` is empty (false, NULL), it works every `idle_s`, or not at all where there is none; when the
    answer changes, the tick works at once. `has_work` says the same of what this process knows by itself, without a
    question. `oldest` asks since when the first row waits, for the metric; by default that is `due`.

    The `work` of a tick with several threads takes a function, and calls it when it has claimed a row: the next thread
    then looks for the next row.

    A long piece calls `beat` to say that it goes on, and asks `is_over` whether it is to end.
    """

    name: str
    work: Callable[..., bool]
    interval_s: float | None = None
    idle_s: float | None = None
    topic: str = ""
    threads: int = 1
    due: Ask | None = None
    needs: Ask | None = None
    oldest: Ask | None = None
    has_work: Callable[[], bool] = lambda: True
    bell: Bell = field(default_factory=Bell)
    needs_seen: Any = True
    # The threads that wait for a ring or the next interval, by their idents: nothing of theirs hangs.
    resting: set[int] = field(default_factory=set)
    beat: Callable[[], None] = lambda: None
    is_over: Callable[[], bool] = lambda: False

    def rest(self, timeout: float | None = None) -> bool:
        """Wait for a ring, as one who has ended well; return False where the time was over first."""
        self.resting.add(threading.get_ident())
        try:
            return self.bell.wait(timeout)
        finally:
            self.resting.discard(threading.get_ident())

    @property
    def is_needed(self) -> bool:
        """Whether there is anything to work at, as the last look found."""
        return bool(self.needs_seen)

    def piece(self) -> bool:
        """Do one piece of work."""
        return self.work(self.bell.ring) if self.threads > 1 else self.work()
