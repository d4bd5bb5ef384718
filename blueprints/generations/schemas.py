"""Shapes of generations: what is asked for, how far it is, and drafts with what they cite."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from blueprints.bank.schemas import NewQuestionIn
from blueprints.schemas import Input, OptionalInput, Output, Query, WrittenOrNone

Difficulty = Literal["easy", "medium", "hard"]
Weight = Literal["refuses", "warns", "confirms"]
State = Literal["queued", "running", "done", "failed"]
DraftState = Literal[
    "checking", "running_key", "pending", "accepted", "rejected", "refused", "regenerating", "replaced"
]


class ReasonedOut(Output):
    """Why something is so: a code with parameters, and its words in the reader's language."""

    code: str
    params: dict[str, Any] = {}
    text: str


class BudgetOut(Output):
    """Tokens of the model, and money in the currency that the settings name."""

    tokens: int
    cost: float


class BudgetsLeftOut(Output):
    """What is left of today's budgets (by UTC): of the caller, of the course and of the whole site."""

    user: BudgetOut
    course: BudgetOut
    total: BudgetOut


class GenerationSettingsOut(Output):
    """Whether teachers of the course may have questions written, and whether the site has a model to ask."""

    is_allowed: bool
    students_may_ask: bool
    is_possible: bool
    model: str | None
    currency: str
    left: BudgetsLeftOut


class GenerationSettingsIn(Input):
    """Whether the course's teachers may have a model write questions. Texts of lessons are sent to it then.

    With `students_may_ask` its students may ask for questions to practise, where it offers practice; what is left out
    stays as it is.
    """

    is_allowed: bool
    students_may_ask: bool | None = None


class GenerationIn(Input):
    """What is asked for: questions of these kinds from these lessons, by their slugs. The kind `code` needs a `lab` of
    the course, which runs each answer by its tests before the draft may be accepted."""

    lessons: list[str] = Field(min_length=1, max_length=20)
    kinds: list[str] = Field(min_length=1, max_length=20)
    count: int = Field(default=5, ge=1, le=20)
    difficulty: Difficulty | None = None
    language: str = Field(default="en", max_length=20)
    lab: str | None = Field(default=None, max_length=60)


class EstimateOut(Output):
    """What a request is likely to use, what it may use at most, and what is left today."""

    likely: BudgetOut
    most: BudgetOut
    currency: str
    left: BudgetsLeftOut


class CitationOut(Output):
    """A span of a lesson on which a question stands; `is_current` says whether the lesson still says so."""

    lesson: str | None
    title: WrittenOrNone
    quote: str
    before: str
    after: str
    is_current: bool


class FindingOut(Output):
    """What a check found: it refuses the draft, warns its reviewer, or speaks for the draft."""

    weight: Weight
    reason: ReasonedOut


class DraftOut(Output):
    """A question that the model wrote, as the bank takes it. Only those that are `pending` wait for a decision."""

    number: int
    state: DraftState
    question: dict[str, Any]
    citations: list[CitationOut]
    findings: list[FindingOut]
    note: str
    reviewer: str | None
    reviewed_at: datetime | None
    question_id: int | None
    replaces: int | None


class GenerationOut(Output):
    """How far a generation is: of `count` questions, `written` are there, and `checked` by a second reader.

    `missing` may be asked for again (`resume`) once the state is `done` or `failed`; `reason` says what went wrong.
    """

    id: int
    state: State
    lessons: list[str]
    kinds: list[str]
    lab: str | None
    count: int
    difficulty: Difficulty | None
    language: str
    prompt_version: str
    for_practice: bool
    requested_by: str | None
    requested_at: datetime
    finished_at: datetime | None
    tried_again_at: datetime | None
    reason: ReasonedOut | None
    written: int
    checked: int
    to_review: int
    refused: int
    missing: int
    spent: BudgetOut


class GenerationDetailOut(GenerationOut):
    """A generation with its drafts."""

    drafts: list[DraftOut]


class GenerationsOut(Output):
    """Generations of a course, the newest first; `after` is where the next page begins, null at the end."""

    generations: list[GenerationOut]
    after: int | None


class GenerationsQuery(Query):
    """Which page of the list."""

    after: int | None = Field(default=None, ge=1, le=2**63 - 1)
    per_page: int = Field(default=25, ge=1, le=100)


class VersionFiguresOut(Output):
    """What became of the drafts of one version of the prompts.

    `acceptance` is the share of accepted ones among those that somebody decided about. `difficulty` and
    `discrimination` are means over the accepted questions that students have answered, of which there are `answered`.
    """

    version: str
    written: int
    refused: int
    accepted: int
    rejected: int
    replaced: int
    waiting: int
    acceptance: float | None
    answered: int
    difficulty: float | None
    discrimination: float | None


class GenerationFiguresOut(Output):
    """The figures of each version, the newest first."""

    versions: list[VersionFiguresOut]


class WishIn(Input):
    """A lesson of which a student wants to practise questions, by its slug."""

    lesson: str = Field(min_length=1, max_length=200)
    count: int = Field(default=3, ge=1, le=5)


class WishOut(Output):
    """How far a student's request is: its questions are practised once a teacher has accepted them."""

    id: int
    state: State
    lesson: str | None
    title: WrittenOrNone
    count: int
    requested_at: datetime
    to_review: int
    accepted: int


class WishesOut(Output):
    """One's own requests, the newest first."""

    wishes: list[WishOut]


class AcceptIn(OptionalInput):
    """The question as its reviewer would rather have it; without one it goes into the bank as it is."""

    question: NewQuestionIn | None = None


class RejectIn(Input):
    """Why a draft isn't taken."""

    reason: str = Field(min_length=1, max_length=500)


class RegenerateIn(OptionalInput):
    """What is to be different."""

    reason: str = Field(default="", max_length=500)
