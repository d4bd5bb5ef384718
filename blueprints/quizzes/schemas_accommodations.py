"""Shapes of what students get beyond the others, alone or with their cohort."""

from datetime import datetime

from pydantic import Field

from blueprints.schemas import Input, Moment, Output


class AccommodationIn(Input):
    """What changes of what a student gets in all quizzes and labs of a course; the rest stays.

    Their time is `time_percent` of the others', and the minutes come on top. In each attempt they may take breaks of
    `break_minutes` together, in which the clock stands still. Their labs may idle for `idle_percent` of others' limit.
    """

    time_percent: int = Field(default=100, ge=100, le=1_000)
    extra_minutes: int = Field(default=0, ge=0, le=10_080)
    break_minutes: int = Field(default=0, ge=0, le=10_080)
    extra_attempts: int = Field(default=0, ge=0, le=1_000)
    idle_percent: int = Field(default=100, ge=100, le=1_000)


class AccommodationOut(Output):
    """What a student gets in all quizzes and labs of a course."""

    time_percent: int
    extra_minutes: int
    break_minutes: int
    extra_attempts: int
    idle_percent: int


class OverrideIn(Input):
    """What changes of what holds for a student, or a cohort, at one quiz; the rest stays.

    What is null or 0 of a student is their cohort's, and of a cohort the quiz's own.
    """

    opens_at: Moment | None = None
    due_at: Moment | None = None
    closes_at: Moment | None = None
    extra_minutes: int = Field(default=0, ge=0, le=10_080)
    extra_attempts: int = Field(default=0, ge=0, le=1_000)


class OverrideOut(Output):
    """What holds for a student, or a cohort, at one quiz: times of their own, minutes and attempts on top."""

    opens_at: datetime | None
    due_at: datetime | None
    closes_at: datetime | None
    extra_minutes: int
    extra_attempts: int
