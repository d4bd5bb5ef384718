"""Shapes of courses, lessons and enrolments."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from blueprints.schemas import Input, Output, Written

Role = Literal["student", "assistant", "teacher"]


class CourseOut(Output):
    """A course in a list."""

    id: int
    slug: str
    title: Written
    summary: Written
    language: str
    is_published: bool
    enrolment: Literal["open", "code", "closed"]
    version: int


class CoursesOut(Output):
    """A page of courses."""

    courses: list[CourseOut]
    page: int
    pages: int
    total: int


class ActivityOut(Output):
    """An activity in the outline. minutes: reading time or limit; count: questions or checks."""

    id: int
    slug: str
    kind: Literal["lesson", "quiz", "lab"]
    title: Written
    minutes: int | None
    count: int
    points: int
    is_done: bool


class ModuleOut(Output):
    """A module with its activities."""

    slug: str
    title: Written
    summary: Written
    activities: list[ActivityOut]


class CourseDetailOut(CourseOut):
    """A course with its outline; `role` is the caller's."""

    about_html: str
    role: Role | None
    modules: list[ModuleOut]


class LessonOut(Output):
    """A lesson, as written and as shown."""

    id: int
    slug: str
    title: Written
    body_md: str
    body_html: str
    minutes: int | None
    points: int
    is_done: bool


class CompletionOut(Output):
    """That a lesson is done; `is_new` only the first time."""

    is_done: bool
    is_new: bool


class EnrolmentIn(Input):
    """Enrol oneself (`code` where the course asks for one), or as a teacher somebody else (`email`, `role`)."""

    code: str | None = Field(default=None, max_length=100)
    email: str | None = Field(default=None, max_length=320)
    role: Role = "student"


class RoleIn(Input):
    """Another role."""

    role: Role


class EnrolmentOut(Output):
    """A person in a course."""

    user_id: int
    email: str
    display_name: str
    role: Role
    enrolled_at: datetime
    points: int
    done: int


class EnrolmentsOut(Output):
    """A page of people."""

    enrolments: list[EnrolmentOut]
    page: int
    pages: int
    total: int


class MembershipOut(Output):
    """A role in a course."""

    course: str
    user_id: int
    role: Role
