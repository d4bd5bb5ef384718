"""Hints that students take in an attempt: in their order, each once, for its price.

The price is that of the moment, in marks, and is taken off what the answer earns when it is graded (`grading.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from sqlalchemy import select

from extensions import db
from models import Attempt, AttemptItem, HintTaken, QuestionVersion
from models.marks import exact
from question_hints import cost_of
from services import live
from services.errors import Conflict, NotFound
from services.quizzes import breaks, places


class Over(Conflict):
    """This attempt is over: no hints can be taken any more."""


class OnBreak(Conflict):
    """In a break the questions are put away, and so are their hints."""


class NotNext(Conflict):
    """Hints are taken in their order, one after the other."""


@dataclass(frozen=True)
class Taken:
    """A hint that a student has; `cost` is in marks."""

    number: int
    html: str
    cost: Fraction
    taken_at: datetime


@dataclass(frozen=True)
class Hints:
    """A question's hints in an attempt: those that were taken, how many are left, and what the next one costs.

    `lost` is what they took of the question's marks so far.
    """

    taken: tuple[Taken, ...] = ()
    left: int = 0
    next_cost: Fraction | None = None
    lost: Fraction = Fraction(0)

    @property
    def total(self) -> int:
        """How many there are."""
        return len(self.taken) + self.left

    @property
    def next_number(self) -> int:
        """The number of the next one, of those that are left."""
        return len(self.taken) + 1


NONE = Hints()


def of_attempt(attempt: Attempt) -> dict[int, Hints]:
    """Return the hints of each question of an attempt that has some. No query where none has."""
    asked = {item.position: item for item in attempt.items if item.version.hints}
    if not asked:
        return {}
    rows = db.session.scalars(
        select(HintTaken).where(HintTaken.attempt_id == attempt.id).order_by(HintTaken.position, HintTaken.number)
    ).all()
    return {
        position: _hints(item, item.version, [row for row in rows if row.position == position])
        for position, item in asked.items()
    }


def of_item(item: AttemptItem) -> Hints | None:
    """Return the hints of one question of an attempt; None where it has none."""
    return _hints(item, item.version, _taken(item.attempt_id, item.position)) if item.version.hints else None


def take(attempt_id: int, position: int, number: int, *, now: datetime) -> Hints:
    """Take a hint, and charge for it once: who asks for one again gets what they have.

    Raise OnBreak in a break, Over where the attempt is over, NotNext where another one comes first.
    """
    place = places.lock(attempt_id, position)
    if breaks.of(db.session.get_one(Attempt, attempt_id), now).until is not None:
        raise OnBreak
    if not 1 <= number <= len(place.version.hints):
        raise NotFound
    taken = _taken(attempt_id, position)
    if number <= len(taken):
        return _hints(place.row, place.version, taken)
    if place.is_over(now):
        raise Over
    if number != len(taken) + 1:
        raise NotNext
    cost = cost_of(place.version.hints[number - 1]["price"], place.row.points)
    row = HintTaken(attempt_id=attempt_id, position=position, number=number, cost=cost, taken_at=now)
    db.session.add(row)
    place.row.hint_cost += cost
    db.session.flush()
    live.attempt_changed(attempt_id, position=position, hint=number)
    return _hints(place.row, place.version, [*taken, row])


def _taken(attempt_id: int, position: int) -> Sequence[HintTaken]:
    query = select(HintTaken).where(HintTaken.attempt_id == attempt_id, HintTaken.position == position)
    return db.session.scalars(query.order_by(HintTaken.number)).all()


def _hints(item: AttemptItem, version: QuestionVersion, rows: Sequence[HintTaken]) -> Hints:
    taken = tuple(Taken(row.number, version.hints[row.number - 1]["html"], row.cost, row.taken_at) for row in rows)
    following = version.hints[len(taken) :]
    return Hints(
        taken=taken,
        left=len(following),
        next_cost=cost_of(following[0]["price"], item.points) if following else None,
        lost=min(sum((each.cost for each in taken), Fraction(0)), exact(item.points)),
    )
