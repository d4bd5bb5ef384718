"""Shapes of leaderboards."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from blueprints.schemas import Input, Output
from services.leaderboards.awards import LONGEST_KEY, LONGEST_REASON, MOST_POINTS


class RowOut(Output):
    """A place; ranks count from 1."""

    rank: int
    user_id: int
    name: str
    points: int
    is_me: bool


class BoardOut(Output):
    """A page of the board, and the caller's own row wherever it stands."""

    rows: list[RowOut]
    me: RowOut | None
    page: int
    pages: int
    total: int


class EntryOut(Output):
    """A line of the ledger. `title` is of its lesson, quiz or check; `reason` and `given_by` are an award's."""

    id: int
    kind: Literal["quiz", "check", "lesson", "award", "compensation"]
    points: int
    title: str | None
    reason: str | None
    given_by: str | None
    at: datetime


class EntriesOut(Output):
    """A page of a person's entries, the newest first, and what all of them add up to."""

    entries: list[EntryOut]
    points: int
    page: int
    pages: int
    total: int


class AwardIn(Input):
    """Points for a student, less than 0 to take some, and why: the student reads it as it is.

    `key` names the award: sent again with the same one, it is written once.
    """

    points: int = Field(ge=-MOST_POINTS, le=MOST_POINTS)
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_REASON)]
    key: str | None = Field(default=None, pattern=rf"^[A-Za-z0-9_-]{{1,{LONGEST_KEY}}}$")


class AwardOut(Output):
    """What was written, and whether by this call."""

    id: int
    user_id: int
    points: int
    reason: str | None
    at: datetime
    is_new: bool


class AuditIn(Input):
    """Of which course, or of all; and whether totals that are wrong are to be set right."""

    course: str | None = None
    mend: bool = False


class DriftOut(Output):
    """A total that isn't what the ledger adds up to; with `is_late` only its times are wrong."""

    course_id: int
    user_id: int
    kept: int
    added: int
    is_late: bool


class AuditOut(Output):
    """An audit: the scheduler makes it, and then it has `ended_at`. `found` has the first 100 drifts."""

    id: int
    course: str | None
    is_to_mend: bool
    asked_at: datetime
    ended_at: datetime | None
    totals: int
    drifts: int
    mended: int
    found: list[DriftOut]


class AuditsOut(Output):
    """The last audits, the newest first."""

    audits: list[AuditOut]
