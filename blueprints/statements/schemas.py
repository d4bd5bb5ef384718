"""Shapes of statements."""

from typing import Literal

from pydantic import Field

from blueprints.schemas import Moment, Query


class StatementsQuery(Query):
    """Which statements: from `since` on and before `until`. With `pseudonymous` people go by digits that say nothing,
    the same in each file of the course."""

    since: Moment | None = None
    until: Moment | None = None
    format: Literal["ndjson", "json"] = "ndjson"
    pseudonymous: bool = Field(default=False)
