"""Shapes of trials: a program that is run in an attempt before it is handed in."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from blueprints.schemas import Input, Output
from services.quizzes.trials import MAX_INPUT


class TrialIn(Input):
    """A program as it would be an answer, and what it is to read. Without `input` the tests run that aren't hidden."""

    response: str = Field(max_length=100_000)
    input: str | None = Field(default=None, max_length=MAX_INPUT)


class RunOut(Output):
    """One run of the program: what ran and what it read, what was printed, its errors and its status. `is_passed` and
    what was expected are null with input of one's own."""

    name: str
    command: str
    stdin: str
    expected: str | None
    is_passed: bool | None
    printed: str
    errors: str
    exit_code: int | None
    is_timed_out: bool
    is_truncated: bool


class TrialOut(Output):
    """A trial. While it is queued, `ahead` are before it, and `is_away` says that labs can't be reached. Once it is
    done, it has `runs`, and `left` says how many weren't run after one that took too long. `reason` says why it
    failed."""

    state: Literal["queued", "running", "done", "error"]
    ahead: int
    is_away: bool
    input: str | None
    requested_at: datetime
    finished_at: datetime | None
    reason: str | None
    runs: list[RunOut]
    left: int
