"""Shapes of practice."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from blueprints.quizzes.responses import Response
from blueprints.schemas import Input, Output, Query

Rating = Literal["again", "hard", "good", "easy"]


class PracticeOut(Output):
    """How one's practice of a course stands: of `total` questions, what is `due`, `new`, being learnt, and known."""

    is_offered: bool
    total: int
    due: int
    new: int
    learning: int
    known: int
    next_due_at: datetime | None


class OfferIn(Input):
    """Whether the course's people may practise."""

    is_offered: bool


class NextQuery(Query):
    """With `ahead` also what isn't due yet."""

    ahead: bool = False


class PractisedQuestionOut(Output):
    """A question as it is shown. `revision` and `version` go back with the answer."""

    question_id: int
    version: int
    revision: int
    is_new: bool
    kind: str
    prompt_html: str
    frozen: dict[str, Any]


class NextOut(Output):
    """The next question; null where nothing is due and nothing is new."""

    question: PractisedQuestionOut | None


class PracticeAnswerIn(Input):
    """An answer; null is "I don't know"."""

    version: int = Field(ge=1, le=2**31 - 1)
    revision: int = Field(ge=0, le=2**31 - 1)
    response: Response = None


class RatingIn(Input):
    """How well one remembered, by one's own judgement."""

    rating: Rating


class ReviewOut(Output):
    """What became of an answer. `share` is what it is worth, from 0 to 1, and null where its author judges it."""

    id: int
    question_id: int
    version: int
    response: Response
    share: float | None
    rating: Rating | None
    solution: str | None
    feedback_html: str
    answered_at: datetime
    due_at: datetime | None
