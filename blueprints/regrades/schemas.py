"""Shapes of regrades."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from blueprints.quizzes.marks import Marks
from blueprints.quizzes.responses import Response
from blueprints.schemas import Input, OptionalInput, Output
from services.regrades.asking import MAX_POINTS, MAX_REASON

Kind = Literal["key", "accept", "points", "drop"]


class RegradeIn(Input):
    """What is to change of a question in a quiz, and why: the students read the reason.

    `key`: answers to earlier versions are graded by the key of `version`; without `may_lower` nobody loses marks by it.
    `accept`: `response` counts as right, or the one that was given in the attempt `attempt_id`. `points`: what the
    question is worth. `drop`: with `how` "full" everybody has all of its marks, with "out" it leaves the total.
    """

    question_id: int = Field(ge=1, le=2**63 - 1)
    kind: Kind
    reason: str = Field(min_length=1, max_length=MAX_REASON)
    version: int | None = Field(default=None, ge=1, le=2**31 - 1)
    may_lower: bool = True
    response: Response = None
    attempt_id: int | None = Field(default=None, ge=1, le=2**63 - 1)
    points: float | None = Field(default=None, ge=0.01, le=MAX_POINTS, strict=False)
    how: Literal["full", "out"] | None = None


class ApplyIn(Input):
    """The digest of the preview that is to be applied."""

    digest: str = Field(min_length=64, max_length=64)


class UndoIn(OptionalInput):
    """Why a regrade is taken back, for the students, and the digest of the preview that was looked at; each may be left
    out."""

    reason: str = Field(default="", max_length=MAX_REASON)
    digest: str | None = Field(default=None, min_length=64, max_length=64)


class EffectOut(Output):
    """How many attempts' shares of the marks go up, go down and stay; the mean share before and after, 0 to 1; how many
    points the board gets in all, and for how many people the quiz is `completed` by it, or is `reopened`. Regrades of
    before there was this have null there."""

    up: int
    down: int
    same: int
    before: float | None
    after: float | None
    points: int | None = None
    completed: int | None = None
    reopened: int | None = None


class WorthOut(Output):
    """Marks, of so many. A score of null waits for a person's marks."""

    score: Marks | None
    points: Marks


class StandingOut(Output):
    """What a person has of the quiz by all of their attempts: points on the board, and whether it is done."""

    points: int
    is_done: bool


class ChangeOut(Output):
    """An attempt that changes: what it and the answer are worth, before and after, and how its person `stood` and
    `stands`: the same in each of their attempts, and null where it isn't known any more."""

    attempt_id: int
    user_id: int
    number: int
    before: WorthOut
    after: WorthOut
    answer_before: WorthOut
    answer_after: WorthOut
    stood: StandingOut | None
    stands: StandingOut | None
    is_undo: bool


class RegradeOut(Output):
    """A regrade. A `draft` is a preview, which changes nothing; one that is `applied` holds for all answers to versions
    of the question up to `upto`, until it is `undone`. `change` is what its kind needs."""

    id: int
    question_id: int
    kind: Kind
    change: dict[str, Any]
    upto: int
    state: Literal["draft", "applied", "undone"]
    number: int | None
    reason: str
    undo_reason: str
    made_at: datetime
    applied_by_id: int | None
    applied_at: datetime | None
    undone_by_id: int | None
    undone_at: datetime | None
    effect: EffectOut | None
    undo_effect: EffectOut | None


class RegradeTestsOut(Output):
    """How many answers the tests of another key are run for, how many are `done`, and how many `failed` to run, which
    keep their marks until they are run again; of a regrade that holds with those that were handed in since."""

    total: int
    done: int
    failed: int
    is_open: bool


class RegradeDetailOut(RegradeOut):
    """A regrade with a page of the attempts that it changes, or has changed. A draft's, and those of the preview of
    taking it back, are computed anew each time, and `digest` names what they are now. While a draft's `tests` are open,
    it has neither."""

    digest: str | None
    tests: RegradeTestsOut | None
    changes: list[ChangeOut]
    page: int
    pages: int
    total: int


class RegradesOut(Output):
    """A page of what was regraded in a quiz, the newest first."""

    regrades: list[RegradeOut]
    page: int
    pages: int
    total: int
