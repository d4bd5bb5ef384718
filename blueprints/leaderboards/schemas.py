"""Shapes of leaderboards."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from blueprints.schemas import Input, Moment, Output, PageQuery, WrittenOrNone
from services.courses.cohorts import LONGEST_NAME
from services.leaderboards.appearances import LONGEST_PSEUDONYM
from services.leaderboards.awards import LONGEST_KEY, LONGEST_REASON, MOST_POINTS


class EntryOut(Output):
    """A line of the ledger. `title` is of its lesson, quiz or check; `reason` and `given_by` are an award's."""

    id: int
    kind: Literal["quiz", "check", "lesson", "award", "compensation"]
    points: int
    title: WrittenOrNone
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


class RowOut(Output):
    """A place; ranks count from 1. `key` names its person, always the same.

    Who goes by a pseudonym, or has opted out since, has no `user_id` for others; the latter has no `name`. The staff
    also get a `real_name` where it differs.
    """

    key: str
    rank: int
    user_id: int | None
    name: str | None
    real_name: str | None
    points: int
    is_me: bool


class BoardQuery(PageQuery):
    """Which board, and which part of it. `as_of` asks for the board as it stood then."""

    period: Literal["all", "month", "week"] = "all"
    cohort: int | None = Field(default=None, ge=1, lt=2**63)
    as_of: Moment | None = None
    after: str | None = Field(default=None, max_length=100)
    before: str | None = Field(default=None, max_length=100)
    q: Annotated[str, StringConstraints(max_length=100)] = ""


class BoardOut(Output):
    """A part of the board, and your own row wherever it stands, with the five above and below.

    `next` and `previous` are for `after` and `before`; `found` has the rows that `q` asks for. `as_of` is the moment
    that is shown, null for now; while the board `is_frozen` that is the begin of the freeze. `since` is when the week
    or month began.
    """

    rows: list[RowOut]
    me: RowOut | None
    around: list[RowOut]
    found: list[RowOut] | None
    next: str | None
    previous: str | None
    page: int
    pages: int
    total: int
    period: Literal["all", "month", "week"]
    since: datetime | None
    as_of: datetime | None
    is_frozen: bool


class AppearanceIn(Input):
    """How you stand on the board."""

    board: Literal["name", "pseudonym", "hidden"]
    pseudonym: str | None = Field(default=None, max_length=LONGEST_PSEUDONYM)


class AppearanceOut(Output):
    """How you stand on the board, and the pseudonym that you chose last."""

    board: Literal["name", "pseudonym", "hidden"]
    pseudonym: str | None


class FreezeIn(Input):
    """From when until when students see the board as it stood at the begin."""

    begin: Moment | None
    end: Moment | None


class FreezeOut(Output):
    """The same as it is now."""

    begin: datetime | None
    end: datetime | None


class CohortIn(Input):
    """A new cohort."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_NAME)]


class CohortOut(Output):
    """A cohort, and how many people are in it."""

    id: int
    name: str
    people: int


class CohortsOut(Output):
    """A course's cohorts by name."""

    cohorts: list[CohortOut]


class PlaceIn(Input):
    """A cohort's ID, or null."""

    cohort: int | None = Field(ge=1, lt=2**63)


class PlaceOut(Output):
    """Who is in which cohort."""

    user_id: int
    cohort: int | None
