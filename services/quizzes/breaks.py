"""Breaks in an attempt: what of the budget is left, and whether one is on. Pure.

While a break is on, the deadline stands where it would be if all that is left were taken: the scheduler closes nobody
in a break, and a break that nobody ends is over by itself. Ending it takes back what wasn't taken
(`taking_breaks.py`).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from models import Attempt

NONE = timedelta(0)


@dataclass(frozen=True)
class Breaks:
    """The breaks of an attempt: `taken` of `budget`, and until when the one lasts that is on (None: none is)."""

    budget: timedelta
    taken: timedelta
    until: datetime | None

    @property
    def left(self) -> timedelta:
        """What can still be taken, after the break that is on."""
        return max(NONE, self.budget - self.taken)


def of(attempt: Attempt, now: datetime) -> Breaks:
    """Return how the breaks of an attempt stand."""
    budget, taken, until = timedelta(seconds=attempt.break_s), timedelta(seconds=attempt.paused_s), None
    if attempt.paused_at is not None:
        end = attempt.paused_at + max(NONE, budget - taken)
        taken = min(taken + max(NONE, now - attempt.paused_at), max(taken, budget))
        until = end if attempt.is_open and now < end else None
    return Breaks(budget, taken, until)


def pause_of(attempt: Attempt, budget: timedelta) -> timedelta:
    """Return for how long the clock of an attempt stands still in all: what was taken, or all while a break is on."""
    taken = timedelta(seconds=attempt.paused_s)
    return taken if attempt.paused_at is None else max(taken, budget)
