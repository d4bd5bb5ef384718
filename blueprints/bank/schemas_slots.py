"""Shapes of what a quiz asks."""

from typing import Annotated

from pydantic import AfterValidator, Field

from blueprints.bank.schemas import Difficulty, Slug, two_decimals
from blueprints.schemas import Input, Output
from services.bank.slots import MOST

Weight = Annotated[float, Field(ge=0.01, le=1_000, strict=False), AfterValidator(two_decimals)]


class SlotIn(Input):
    """A place in a quiz: a question of the course, or `count` questions with a tag (and a difficulty), which are drawn.

    `points` is the weight of each; null: their own.
    """

    question_id: int | None = Field(default=None, ge=1, le=2**63 - 1)
    tag: Slug | None = None
    difficulty: Difficulty | None = None
    count: int = Field(default=1, ge=1, le=100)
    points: Weight | None = None


class SlotsIn(Input):
    """All that a quiz is to ask. `based_on` is the `version` that the client saw.

    Where there are attempts, `keeps_attempts` says that the client knows: they keep what they showed.
    """

    slots: list[SlotIn] = Field(max_length=MOST)
    based_on: str = Field(max_length=40)
    keeps_attempts: bool = False


class SlotOut(Output):
    """A place in a quiz; `slug` and `state` are those of a fixed question. Only what is ready is asked."""

    question_id: int | None
    slug: str | None
    state: str | None
    tag: str | None
    difficulty: str | None
    count: int
    points: float | None


class SlotsOut(Output):
    """What a quiz asks, in its order; `attempts` is how many have been made."""

    slots: list[SlotOut]
    version: str
    attempts: int
