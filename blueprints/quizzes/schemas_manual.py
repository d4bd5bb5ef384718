"""Shapes of grading by hand."""

from datetime import datetime
from decimal import Decimal

from pydantic import Field

from blueprints.quizzes.marks import Marks
from blueprints.quizzes.responses import Response
from blueprints.schemas import Input, Moment, Output
from services.quizzes.manual import MAX_COMMENT


class WaitingOut(Output):
    """An answer that waits for a person: `points` is the most that it can get, `question_id` what it answers."""

    attempt_id: int
    position: int
    question_id: int
    kind: str
    points: float
    user_id: int
    closed_at: datetime
    response: Response


class WaitingPageOut(Output):
    """A page of answers that wait, those to one question together, the oldest first."""

    waiting: list[WaitingOut]
    page: int
    pages: int
    total: int


class GradeIn(Input):
    """The marks of an answer, with a comment for its student.

    The price of the hints that were taken comes off these marks by itself. `replaces` is the `graded_at` of the grade
    that is corrected; null where there is none yet.
    """

    marks: Decimal = Field(ge=0, le=999_999, decimal_places=2, strict=False)
    comment: str = Field(default="", max_length=MAX_COMMENT)
    replaces: Moment | None = None


class GradeOut(Output):
    """What a person gave an answer, and how far the grading of its attempt is."""

    attempt_id: int
    position: int
    points: float
    score: Marks
    comment: str
    graded_by_id: int | None
    graded_at: datetime
    stage: str
