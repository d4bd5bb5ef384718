"""Shapes of the gradebook. Scores are shares of what can be earned, 0 to 1; None is no score yet."""

from fractions import Fraction
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from blueprints.schemas import Input, Output, Query, Written

Share = Annotated[float | None, BeforeValidator(lambda value: float(value) if isinstance(value, Fraction) else value)]


class CountedItemOut(Output):
    """An activity that counts; extra credit adds to its category without being asked for."""

    slug: str
    kind: Literal["lesson", "quiz", "lab"]
    title: Written
    is_extra: bool


class CategoryOut(Output):
    """Activities that count alike; `title` is empty in a course without a grading scheme of its own."""

    title: Written
    weight: Annotated[float, BeforeValidator(float)]
    drop_lowest: int
    is_extra: bool
    items: list[CountedItemOut]


class ScoreOut(Output):
    """A student's score for an activity: what counts, and what was earned where the staff has set another.

    `is_hidden`: there is a score, which the quiz doesn't show its student yet."""

    slug: str
    share: Share
    earned: Share
    is_set: bool
    is_exempt: bool
    is_hidden: bool
    note: str
    attempt_id: int | None


class GradebookRowOut(Output):
    """A student: `so_far` is of what has a score; in `total` what has none counts as nothing. `parts` are the
    categories in their order, so far. Extra credit may lift a grade above 1. `email` is empty in one's own grades."""

    user_id: int
    name: str
    email: str
    so_far: Share
    total: Share
    parts: list[Share]
    scores: list[ScoreOut]


class BookOut(Output):
    """A page of the gradebook."""

    categories: list[CategoryOut]
    students: list[GradebookRowOut]
    page: int
    pages: int
    total: int


class StudentOut(Output):
    """One student's grades."""

    categories: list[CategoryOut]
    student: GradebookRowOut


class BookQuery(Query):
    """Which students, by a part of a name or an address, and in which order: `sort` is `name`, `so_far`, `total`,
    `category:2` (the second one) or `item:SLUG`. Who has no score there, or is exempt, comes last either way; those who
    are equal stand by name."""

    q: str = Field(default="", max_length=200)
    sort: str = Field(default="name", max_length=200)
    order: Literal["asc", "desc"] = "asc"
    page: int = Field(default=1, ge=1, le=100_000)
    per_page: int = Field(default=50, ge=1, le=100)


class MarkIn(Input):
    """What counts in place of what was earned: a percentage, with a note that says why, or that the activity doesn't
    count for this student. Neither lets what was earned count again."""

    percent: float | None = Field(default=None, ge=0, le=100)
    is_exempt: bool = False
    note: str = Field(default="", max_length=500)
