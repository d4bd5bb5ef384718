"""Shapes of the bank. Solutions are in them: they are for a course's staff."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from blueprints.schemas import Input, Output, Query, Written
from question_hints import FREE, MAX_HINTS, price_of
from question_rubrics import MAX_ITEMS, MAX_TEXT, MOST_POINTS

State = Literal["draft", "in_review", "ready", "retired"]
Difficulty = Literal["easy", "medium", "hard"]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]


def _each_once(tags: list[str]) -> list[str]:
    if len(set(tags)) < len(tags):
        raise ValueError("names a tag twice")
    return tags


def two_decimals(points: float) -> float:
    """Refuse points with more than two decimals."""
    if round(points, 2) != points:
        raise ValueError("has more than two decimals")
    return points


def _kept(text: str) -> str:
    """Refuse what no database keeps, by the field."""
    if "\x00" in text:
        raise ValueError("must not hold NUL characters")
    return text


Text = Annotated[str, Field(max_length=50_000), AfterValidator(_kept)]


class BankQuery(Query):
    """Which questions; `after` is where the page before ended."""

    tag: str = Field(default="", max_length=60)
    state: State | None = None
    difficulty: Difficulty | None = None
    text: str = Field(default="", max_length=200)
    after: int | None = Field(default=None, ge=1, le=2**63 - 1)
    per_page: int = Field(default=25, ge=1, le=100)


class PreviewQuery(Query):
    """The seed of an attempt."""

    seed: int = Field(default=1, ge=0, le=2**53 - 1)


class HintIn(Input):
    """A hint in Markdown; its price is marks, or a text such as 10% of the question's."""

    text: Text = Field(min_length=1)
    price: Annotated[float | str, AfterValidator(price_of)] = FREE


def _each_item_once(items: "list[RubricItemIn]") -> "list[RubricItemIn]":
    if len({item.slug for item in items}) < len(items):
        raise ValueError("names an item twice")
    return items


class RubricItemIn(Input):
    """An item of a rubric: what it gives, or takes off where it is below 0. Its slug stays when its words change."""

    slug: Slug
    text: str = Field(min_length=1, max_length=MAX_TEXT, pattern=r"^[^\n\r]*$")
    points: Annotated[float, Field(ge=-MOST_POINTS, le=MOST_POINTS, strict=False), AfterValidator(two_decimals)]


class QuestionIn(Input):
    """What a question says. `fields` are its type's own, as in a course's folder."""

    kind: str = Field(max_length=40)
    prompt: Text = Field(min_length=1)
    fields: dict[str, Any]
    points: Annotated[float, Field(ge=0.01, le=1_000, strict=False), AfterValidator(two_decimals)] = 1.0
    feedback: Text = ""
    hints: Annotated[list[HintIn], Field(max_length=MAX_HINTS)] = Field(default_factory=list)
    rubric: Annotated[list[RubricItemIn], Field(max_length=MAX_ITEMS), AfterValidator(_each_item_once)] = Field(
        default_factory=list
    )
    tags: Annotated[list[Slug], Field(max_length=20), AfterValidator(_each_once)] = Field(default_factory=list)
    difficulty: Difficulty | None = None


class NewQuestionIn(QuestionIn):
    """A new question; its slug is unique in the bank, and stays."""

    slug: Slug


class EditIn(QuestionIn):
    """A question as it is to be; `based_on` is the number of the version that it was made from."""

    based_on: int = Field(ge=1, le=2**53)


class MoveIn(Input):
    """A move: the state that the client saw, and the one to come."""

    old: State
    new: State


class BankedOut(Output):
    """A question in a list. `quiz` is the quiz in whose file it is written, None in the bank's own; `given` counts the
    attempts that had it, `answered` those in which it was answered."""

    id: int
    slug: str
    quiz: str | None
    kind: str
    prompt_md: str
    prompt_html: str
    points: float
    tags: list[str]
    difficulty: Difficulty | None
    state: State
    version: int
    given: int
    answered: int


class BankOut(Output):
    """A page of a bank, by slug; `after` asks for the next one, None is the end."""

    questions: list[BankedOut]
    after: int | None


class VersionOut(Output):
    """A version, and how often it was given and answered."""

    number: int
    given: int
    answered: int


class AskedByOut(Output):
    """A quiz that asks a question; `is_drawn` says that it may, and need not."""

    slug: str
    title: Written
    is_drawn: bool


class BankedHintOut(Output):
    """A hint of a question; the price is marks ("0.5"; "0" is free) or a share of the question's ("10%")."""

    text: str
    html: str
    price: str


class RubricItemOut(Output):
    """An item of a rubric, with the marks that it gives, or takes off."""

    slug: str
    text: str
    points: float


class ShortageOut(Output):
    """A quiz that draws `wanted` questions with a tag where only `there` would be ready: nobody could start it."""

    slug: str
    title: Written
    tag: str
    wanted: int
    there: int


class BankedDetailOut(BankedOut):
    """A question with its solution, its versions (the newest first), who asks it, and where it can be moved.

    `leaves_short` are the quizzes that could no longer be started if it weren't ready any more.
    """

    feedback_md: str
    feedback_html: str
    hints: list[BankedHintOut]
    rubric: list[RubricItemOut]
    fields: dict[str, Any]
    versions: list[VersionOut]
    asked_by: list[AskedByOut]
    moves: list[State]
    leaves_short: list[ShortageOut]


class PreviewOut(Output):
    """What an attempt with this seed shows, without the solution."""

    seed: int
    kind: str
    prompt_html: str
    points: float
    frozen: dict[str, Any]
