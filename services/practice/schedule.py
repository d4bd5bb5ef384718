"""When a question comes again: FSRS, by the library `fsrs`. Pure functions of what is remembered and of the time.

FSRS ("free spaced repetition scheduler") estimates how well something is remembered and asks for it again when that has
fallen to nine in ten. Its parameters are the library's defaults, fitted to some hundred million reviews.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction

from fsrs import Card, Rating, Scheduler, State

from models.practice import AGAIN, GOOD, HARD

# A course lasts months: what is known well comes back within a year all the same.
LONGEST_DAYS = 365
# No fuzz: the same review at the same time gives the same day, in tests and for two tabs.
_SCHEDULER = Scheduler(maximum_interval=LONGEST_DAYS, enable_fuzzing=False)
_STATES = {"learning": State.Learning, "review": State.Review, "relearning": State.Relearning}
_NAMES = {state: name for name, state in _STATES.items()}


@dataclass(frozen=True)
class Memory:
    """What is known of somebody's memory of a question; the fields are FSRS' own."""

    state: str
    step: int | None
    stability: float | None
    difficulty: float | None
    due_at: datetime
    reviewed_at: datetime


def after(memory: Memory | None, rating: int, now: datetime) -> Memory:
    """Return what is known after a review; None is a question that was never practised."""
    at = now.astimezone(UTC)
    card, _log = _SCHEDULER.review_card(_card(memory, at), Rating(rating), at)
    return Memory(_NAMES[card.state], card.step, card.stability, card.difficulty, card.due, at)


def rating_of(share: Fraction) -> int:
    """Return how well somebody remembered by what their answer is worth: all, a part, or nothing."""
    return GOOD if share >= 1 else HARD if share > 0 else AGAIN


def _card(memory: Memory | None, at: datetime) -> Card:
    if memory is None:
        return Card(card_id=0, due=at)
    return Card(
        card_id=0,  # the library makes one of the clock otherwise, and sleeps for it
        state=_STATES[memory.state],
        step=memory.step,
        stability=memory.stability,
        difficulty=memory.difficulty,
        due=memory.due_at.astimezone(UTC),
        # A clock that was set back makes no negative days.
        last_review=min(memory.reviewed_at.astimezone(UTC), at),
    )
