"""Shapes of labs and lab sessions."""

from datetime import datetime
from typing import Any, Literal

from blueprints.schemas import Output, Written


class CheckOut(Output):
    """A check as its lab defines it."""

    id: int
    slug: str
    title: Written
    points: int


class LabOut(Output):
    """A lab. CPU in MHz, memory and disk in MB, times in minutes."""

    id: int
    slug: str
    title: Written
    summary: Written
    template: str
    cpu_mhz: int
    memory_mb: int
    disk_mb: int
    has_network: bool
    idle_minutes: int
    max_life_minutes: int


class LabsOut(Output):
    """The labs of a course, in its order."""

    labs: list[LabOut]


class StepOut(Output):
    """A step with its checks."""

    id: int
    position: int
    title: Written
    body_html: str
    checks: list[CheckOut]


class LabDetailOut(LabOut):
    """A lab with its steps."""

    steps: list[StepOut]


class SessionOut(Output):
    """A lab session: the same document that its page follows live."""

    id: str
    state: Literal["queued", "starting", "running", "stopping", "ended"]
    reason: str | None
    detail: str
    is_resetting: bool
    position: int | None
    queue_length: int | None
    wait_s: dict[str, int] | None
    waiting_for: str
    waiting_full: dict[str, Any] | None
    started_at: datetime | None
    expires_at: datetime | None
    idle_stop_at: datetime | None
    warning: dict[str, Any] | None
    saved_at: datetime | None
    save_error: str
    save: dict[str, Any] | None
    can_extend: bool
    checks: list[dict[str, Any]]
    steps: list[dict[str, Any]]
    visitors: list[dict[str, Any]]
    hand: dict[str, Any] | None
    messages: dict[str, int]


class SessionBriefOut(Output):
    """A lab session in a list."""

    id: str
    course: str
    lab: str
    job_id: str
    state: str
    queued_at: datetime


class SessionsOut(Output):
    """The caller's sessions that haven't ended."""

    sessions: list[SessionBriefOut]
