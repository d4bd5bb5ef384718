"""Shapes of events."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from blueprints.schemas import Output, Query

Kind = Literal[
    "attempt.submitted",
    "attempt.graded",
    "lab.ended",
    "certificate.issued",
    "enrolment.created",
    "enrolment.deleted",
]


class EventsQuery(Query):
    """Which events; `after` is the position behind which they stand, as the answer before gave it."""

    after: int | None = Field(default=None, ge=0, le=2**63 - 1)
    kind: Kind | None = None
    per_page: int = Field(default=100, ge=1, le=500)


class CourseEventOut(Output):
    """What happened. `data` has the `course` by its slug, `user_id` whom it concerns, and what the type says further.

    It is what a webhook is sent, too; a client meets types that it doesn't know, and leaves them.
    """

    position: int
    type: str
    timestamp: datetime
    data: dict[str, Any]


class CourseEventsOut(Output):
    """Events in their order. Ask again with `?after=` of `after`, now or later: nothing is missed or told twice.

    `last` is the newest position of all: who wants only what is still to come begins with it.
    """

    events: list[CourseEventOut]
    after: int
    last: int
