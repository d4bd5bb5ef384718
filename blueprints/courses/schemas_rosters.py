"""Shapes of lists of a class."""

from datetime import datetime
from typing import Any, Literal

from pydantic import ConfigDict, Field

from blueprints.courses.schemas import Role
from blueprints.schemas import Output, Query


class RosterQuery(Query):
    """The `digest` of what the list does, once that was looked at."""

    digest: str | None = Field(default=None, min_length=64, max_length=64)


class LineReasonOut(Output):
    """Why a line can't be used: a code with its parameters, and the same in words."""

    code: str
    params: dict[str, Any]
    text: str


class RosterLineOut(Output):
    """A line of the list, counted from 1 with its headings.

    It makes a `new` place, is of a role or a cohort that is `changed`, of somebody `expected` who has no account yet,
    the `same` as it is, or `wrong`. `name` is that of people who are in the course.
    """

    number: int
    email: str
    role: Role
    cohort: str
    name: str | None
    does: Literal["new", "changed", "expected", "same", "wrong"]
    reason: LineReasonOut | None


class RosterOut(Output):
    """What a list does or has done: how many lines of each kind, the cohorts that it makes, and each line."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "digest": "5f" * 32,
                    "is_applied": False,
                    "new": 1,
                    "changed": 0,
                    "expected": 0,
                    "same": 0,
                    "wrong": 0,
                    "cohorts": ["7b"],
                    "lines": [
                        {
                            "number": 2,
                            "email": "charlie@example.org",
                            "role": "student",
                            "cohort": "7b",
                            "name": None,
                            "does": "new",
                            "reason": None,
                        }
                    ],
                }
            ]
        }
    )

    digest: str
    is_applied: bool
    new: int
    changed: int
    expected: int
    same: int
    wrong: int
    cohorts: list[str]
    lines: list[RosterLineOut]


class ExpectedPlaceOut(Output):
    """A place that is kept for an address."""

    email: str
    role: Role
    cohort: str | None
    made_at: datetime


class ExpectedPlacesOut(Output):
    """The places that are kept, by address."""

    places: list[ExpectedPlaceOut]
