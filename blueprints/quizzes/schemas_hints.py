"""Shapes of hints: what a question has of them in an attempt."""

from datetime import datetime

from blueprints.quizzes.marks import Marks
from blueprints.schemas import Output


class HintOut(Output):
    """A hint that was taken, and what it cost, in marks."""

    number: int
    html: str
    cost: Marks
    taken_at: datetime


class HintsOut(Output):
    """The hints of a question: those that were taken, in their order, how many are left, what the next one costs
    (null where none is left), and what they took of the question's marks, all in marks."""

    taken: list[HintOut]
    left: int
    next_cost: Marks | None
    lost: Marks
