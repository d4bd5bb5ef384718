"""Shapes of grading by hand."""

from datetime import datetime
from decimal import Decimal

from pydantic import Field

from blueprints.bank.schemas import RubricItemOut, Slug
from blueprints.quizzes.marks import Marks
from blueprints.quizzes.responses import Response
from blueprints.quizzes.schemas import ObstacleOut
from blueprints.schemas import Input, Moment, Output
from question_rubrics import MAX_ITEMS
from services.quizzes.manual import MAX_COMMENT


class WaitingOut(Output):
    """An answer that waits for a person: `points` is the most that it can get, `question_id` what it answers, and
    `untested` why the tests that were to grade it could not be run."""

    attempt_id: int
    position: int
    question_id: int
    kind: str
    points: float
    user_id: int
    closed_at: datetime
    response: Response
    held_by_id: int | None
    held_until: datetime | None
    untested: ObstacleOut | None


class WaitingPageOut(Output):
    """A page of answers that wait, those to one question together, the oldest first."""

    waiting: list[WaitingOut]
    page: int
    pages: int
    total: int


class GradeIn(Input):
    """The marks of an answer, with a comment for its student.

    `chosen` are slugs of the question's rubric that are in the answer: they make the marks, or stand beside other ones.
    The price of the hints that were taken comes off these marks by itself. `replaces` is the `graded_at` of the grade
    that is corrected; null where there is none yet.
    """

    marks: Decimal | None = Field(default=None, ge=0, le=999_999, decimal_places=2, strict=False)
    chosen: list[Slug] | None = Field(default=None, max_length=MAX_ITEMS)
    comment: str = Field(default="", max_length=MAX_COMMENT)
    replaces: Moment | None = None


class GradeOut(Output):
    """What a person gave an answer, and how far the grading of its attempt is."""

    attempt_id: int
    position: int
    points: float
    score: Marks
    comment: str
    chosen: list[str] | None
    graded_by_id: int | None
    graded_at: datetime
    stage: str


class HeldOut(Output):
    """An answer that the caller has until `held_until`, to grade it: nobody else is handed it out. `rubric` is what may
    be chosen. Give marks, renew the lease by taking the answer again, or leave it."""

    attempt_id: int
    position: int
    question_id: int
    kind: str
    prompt_html: str
    points: float
    response: Response
    rubric: list[RubricItemOut]
    held_until: datetime
