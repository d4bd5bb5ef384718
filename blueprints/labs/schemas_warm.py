"""Shapes of what is kept warm."""

from datetime import time
from typing import Literal

from pydantic import Field, field_serializer

from blueprints.schemas import Clock, Input, Output
from services.capacity.warm_plans import MOST, MOST_PLANS

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class WarmPlanIn(Input):
    """So many machines (`count`, or `percent_enrolled` of the students): always, or on a day, or between two times."""

    count: int | None = Field(default=None, ge=0, le=MOST)
    percent_enrolled: int | None = Field(default=None, ge=0, le=100)
    weekday: Weekday | None = None
    begins: Clock | None = None
    ends: Clock | None = None
    time_zone: str = Field(default="UTC", max_length=64)


class WarmIn(Input):
    """All plans of a lab: they replace those that it has."""

    plans: list[WarmPlanIn] = Field(max_length=MOST_PLANS)


class WarmPlanOut(Output):
    """A plan. Times are local to `time_zone`."""

    count: int | None
    percent_enrolled: int | None
    weekday: Weekday | None
    begins: time | None
    ends: time | None
    time_zone: str

    @field_serializer("begins", "ends")
    def _minutes(self, value: time | None) -> str | None:
        return value.strftime("%H:%M") if value else None


class WarmOut(Output):
    """How many machines are wanted now, how many there are, and the plans that say so."""

    wanted: int
    ready: int
    starting: int
    plans: list[WarmPlanOut]
