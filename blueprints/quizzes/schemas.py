"""Shapes of quizzes and attempts. A solution is in none that can be had before the attempt is closed."""

from datetime import datetime
from typing import Any, Literal, get_type_hints

from pydantic import ConfigDict, Field, create_model

from blueprints.quizzes.marks import Marks
from blueprints.quizzes.responses import Response
from blueprints.quizzes.schemas_hints import HintsOut
from blueprints.schemas import Input, Moment, OptionalInput, Output, Query, Written
from quiz_settings import LateStep
from services.quizzes.settings import CHANGEABLE, Changeable

When = Literal["never", "submitted", "closed"]


class QuizOut(Output):
    """A quiz; times in seconds, `attempts_left` None without a limit; `points` is what all of its marks earn.

    `counts` says which score of several attempts counts. `attempts_left` and what begins with `your_` is with what the
    caller has beyond the others.
    """

    id: int
    slug: str
    title: Written
    instructions_html: str
    time_limit_s: int | None
    attempts_allowed: int | None
    attempts_left: int | None
    counts: Literal["best", "last", "first", "average"]
    points: int
    pass_percent: int
    question_count: int
    your_time_limit_s: int | None
    your_opens_at: datetime | None
    your_due_at: datetime | None
    your_closes_at: datetime | None
    opens_at: datetime | None
    due_at: datetime | None
    closes_at: datetime | None
    late_credit: list[LateStep]
    cooldown_minutes: int
    needs_password: bool
    requires: list[dict[str, Any]]
    reveal_score: When
    reveal_correctness: When
    reveal_answer: When
    reveal_feedback: When


class ObstacleOut(Output):
    """Why something isn't possible: a code with its parameters for programs, and the same in words."""

    code: str
    params: dict[str, Any]
    text: str


class QuizDetailOut(QuizOut):
    """A quiz, and whether the caller can start an attempt now, or go on with the open one.

    Where they can't, `reasons` say why, and `possible_at` from when on they can; null where that isn't known.
    """

    can_start: bool
    reasons: list[ObstacleOut]
    possible_at: datetime | None


class QuizzesOut(Output):
    """The quizzes of a course, in its order."""

    quizzes: list[QuizOut]


class UncountedOut(Output):
    """An answer that doesn't count, and why: another tab's later one replaced it, one that was typed later was there
    before it came, or it came late. typed_at is what its sender's page said."""

    why: Literal["replaced", "outdated", "late"]
    response: Response
    typed_at: datetime
    received_at: datetime


class CaseOut(Output):
    """A test of an answer. What a hidden one runs, expects and printed is null but for the staff."""

    name: str
    is_hidden: bool
    is_passed: bool
    is_timed_out: bool
    command: str | None
    stdin: str | None
    expected: str | None
    printed: str | None


class TestsOut(Output):
    """The tests that grade an answer: `cases` are there once they are done and correctness is shown; after an error a
    person grades it, and `reason` says why."""

    __test__ = False  # pytest

    state: Literal["queued", "running", "done", "error"]
    reason: str | None
    cases: list[CaseOut]


class RunnableOut(Output):
    """How a program can be run before it is handed in: by the tests that aren't hidden, with input of one's own."""

    cases: bool
    input: bool


class ItemOut(Output):
    """A question of an attempt, in the version that it showed: `points` is its weight in marks. score (marks, without
    what hints cost), solution, feedback (also of choices that were taken or are right, by their ids), and comment and
    time of who graded it by hand, come once the attempt is closed, and the quiz lets its students see them."""

    position: int
    question_id: int
    version: int
    kind: str
    prompt_html: str
    points: float
    frozen: dict[str, Any]
    response: Response
    revision: int
    saved_at: datetime | None
    typed_at: datetime | None
    read_as: str | None
    uncounted: list[UncountedOut]
    hints: HintsOut
    tests: TestsOut | None
    runnable: RunnableOut
    score: Marks | None = None
    solution: str | None = None
    feedback_html: str | None = None
    choice_feedback: dict[str, str] | None = None
    comment: str | None = None
    graded_at: datetime | None = None


class AttemptOut(Output):
    """An attempt in a list: marks, and what share they are in whole per cent, rounded down.

    `state` says whether it can be answered, `stage` how far it is: there is no score before it is graded. `hidden`
    names what of a closed attempt the caller isn't shown (yet): the score (null here), correctness (and the marks of
    each question), answer, feedback. `credit_percent` is what a late attempt is worth; the score has it in it.
    """

    id: int
    quiz_id: int
    user_id: int
    number: int
    state: Literal["open", "closed"]
    stage: Literal["in_progress", "submitted", "needs_grading", "graded"]
    closed_by: Literal["student", "deadline"] | None
    started_at: datetime
    deadline_at: datetime | None
    closed_at: datetime | None
    credit_percent: int
    score: Marks | None
    max_score: Marks
    percent: int | None
    hidden: list[Literal["score", "correctness", "answer", "feedback"]]


class RegradeNoteOut(Output):
    """What a regrade, or with `is_undo` taking it back, did to the score of an attempt, and why. The marks are null
    while the score isn't shown."""

    noted_at: datetime
    is_undo: bool
    reason: str
    score_before: Marks | None
    max_before: Marks | None
    score_after: Marks | None
    max_after: Marks | None


class AttemptDetailOut(AttemptOut):
    """An attempt with its questions, and what its student was told of regrades."""

    items: list[ItemOut]
    regrades: list[RegradeNoteOut]


class AttemptsOut(Output):
    """A page of attempts, the newest first."""

    attempts: list[AttemptOut]
    page: int
    pages: int
    total: int


class AttemptsQuery(Query):
    """Whose attempts: one's own, or for staff with all=true everybody's."""

    all: bool = False
    page: int = Field(default=1, ge=1, le=100_000)
    per_page: int = Field(default=25, ge=1, le=100)


class StartIn(OptionalInput):
    """The password of the quiz, where it has one. Without it the body may be left out."""

    password: str | None = Field(default=None, max_length=200)


class AnswerIn(Input):
    """An answer: the revision that the client knows plus one, and the response (None clears it).

    `typed_at` is when a person typed it: of two answers that don't build on each other the one typed last counts, and
    one that comes after the end is kept beside the graded one. `tab` tells the pages of one person apart.
    """

    revision: int = Field(ge=1, le=2**53)
    response: Response = None
    typed_at: Moment | None = None
    tab: str = Field(default="", max_length=40, pattern=r"^[\x21-\x7e]*$")


class AnswerVersionOut(Output):
    """An answer that came: its receipt, and what became of it. `kept` counted when it came; see UncountedOut."""

    revision: int
    hash: str
    response: Response
    typed_at: datetime
    saved_at: datetime
    tab: str
    fate: Literal["kept", "replaced", "outdated", "late"]


class AnswerVersionsOut(Output):
    """All answers to a question that are kept, in the order in which they came."""

    versions: list[AnswerVersionOut]


class TypedIn(AnswerIn):
    """An answer as a page sends it: what a person has typed, spaces and all."""

    model_config = ConfigDict(str_strip_whitespace=False)


class ReceiptOut(Output):
    """What is saved now; `now` is the site's time. `hash` is the SHA-256 of the answer that counts, as JSON.

    `read_as` is the number that a numeric answer is graded as, in plain digits: empty for what is no number, null for
    other kinds.
    """

    saved: int
    total: int
    saved_at: datetime
    revision: int
    hash: str
    typed_at: datetime | None
    read_as: str | None
    now: datetime


class Given(Input):
    """Settings that may be left out; each says by itself which types it takes."""

    model_config = ConfigDict(strict=False)


# Each setting as quiz_settings.py defines it; what isn't given stays as it is.
_taken: dict[str, Any] = {
    name: (hint | None, None) for name, hint in get_type_hints(Changeable, include_extras=True).items()
}
_given: dict[str, Any] = {name: (Any, Field(description=field.description)) for name, field in CHANGEABLE.items()}
SettingsIn = create_model(
    "SettingsIn", __base__=Given, __doc__="The settings of a quiz that change; the others stay.", **_taken
)
SettingsOut = create_model(
    "SettingsOut", __base__=Output, __doc__="The settings of a quiz: when and how it is taken.", **_given
)
