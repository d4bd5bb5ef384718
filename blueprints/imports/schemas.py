"""Shapes of imports."""

from datetime import datetime
from typing import Any, Literal

from pydantic import ConfigDict, Field

from blueprints.contents.schemas import HindranceOut
from blueprints.schemas import Input, Output, Query

State = Literal["reading", "refused", "ready", "applying", "applied", "stale"]
AN_IMPORT: Any = {
    "id": 7,
    "state": "ready",
    "course": "shell",
    "digest": "5f" * 32,
    "progress": None,
    "faults": [],
    "into": None,
    "findings": [],
    "cannot_start": {},
    "report": {
        "is_new": False,
        "created": ["lesson pipes"],
        "updated": ["quiz first-quiz"],
        "archived": ["lab old-lab"],
        "overwritten": ["quiz first-quiz"],
        "settled": {"quiz first-quiz": 12},
        "ended": {"lab old-lab": 1},
        "touched": [
            {
                "name": "quiz first-quiz",
                "people": 20,
                "completions": 18,
                "attempts": 31,
                "open_attempts": 2,
                "answers": 240,
                "sessions": 0,
                "open_sessions": 0,
            }
        ],
    },
    "made_at": "2026-11-03T09:12:00Z",
    "ended_at": None,
}


class HangingWorkOut(Output):
    """The students' work on an activity that is changed or goes out of sight: it is kept, and people see it again when
    the activity comes back."""

    name: str
    people: int
    completions: int
    attempts: int
    open_attempts: int
    answers: int
    sessions: int
    open_sessions: int


class CourseReportOut(Output):
    """What an import does: parts by their names, such as `lesson pipes`.

    `overwritten` are those that were edited on the site since the last import and become what the archive says; null
    where no import has said how the course was. `settled` counts people whose points follow new settings of a quiz,
    `ended` the sessions of a lab that goes away.
    """

    is_new: bool
    created: list[str]
    updated: list[str]
    archived: list[str]
    overwritten: list[str] | None
    settled: dict[str, int]
    ended: dict[str, int]
    touched: list[HangingWorkOut]


class ArchiveFaultOut(Output):
    """What is wrong with an archive, and where; lines count from 1."""

    file: str
    line: int
    field: str
    message: str


class ProgressOut(Output):
    """Activities that are done, and all of them."""

    done: int
    total: int


class NotCarriedOut(Output):
    """What of a scenario isn't carried as it is, and where it stands; `code` and `params` are for programs."""

    where: str
    code: str
    params: dict[str, Any]
    text: str


class CourseImportQuery(Query):
    """The course that scenarios of Killercoda and HobbyFarm become labs of; without it they make a new course."""

    into: str = Field("", max_length=60)


class CourseImportOut(Output):
    """An import. The scheduler takes it from `reading` to `ready`, or to `refused` with all `faults`; and from
    `applying` to `applied`, or to `stale` where the course was changed since the preview. `findings` are
    what of scenarios isn't carried as it is; these become labs of the course `into`, or of a new one. Once it is
    applied, `cannot_start` says of which labs, by their slugs, no machine of this site can ever start one."""

    model_config = ConfigDict(json_schema_extra={"examples": [AN_IMPORT]})

    id: int
    state: State
    course: str | None
    digest: str | None
    progress: ProgressOut | None
    report: CourseReportOut | None
    faults: list[ArchiveFaultOut]
    into: str | None
    findings: list[NotCarriedOut]
    cannot_start: dict[str, HindranceOut]
    made_at: datetime
    ended_at: datetime | None


class CourseImportIn(Input):
    """The `digest` of the preview that was agreed to."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"digest": "5f" * 32}]})

    digest: str = Field(min_length=64, max_length=64)
