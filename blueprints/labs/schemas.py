"""Shapes of labs and lab sessions."""

from datetime import datetime
from typing import Any

from blueprints.schemas import Output, Written
from lab_definition import described
from models.lab_session import State


class CheckOut(Output):
    """A check as its lab defines it."""

    id: int
    slug: str
    title: Written
    points: int


class LabOut(Output):
    """A lab, with what of its definition a client may need."""

    id: int
    slug: str
    title: Written
    summary: Written
    template: str = described("template")
    cpu_mhz: int = described("cpu_mhz")
    memory_mb: int = described("memory_mb")
    disk_mb: int = described("disk_mb")
    has_network: bool = described("has_network")
    idle_minutes: int = described("idle_minutes")
    max_life_minutes: int = described("max_life_minutes")


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


class WhyOut(Output):
    """A reason: its code and parameters for programs, the same as text in the caller's language.

    Codes and parameters stay what they are, texts may change. A parameter may be a reason itself.
    """

    code: str
    params: dict[str, Any]
    text: str


class SessionOut(Output):
    """A lab session: the same document that its page follows live.

    `detail`, `waiting_for` and `save_error` are text in the caller's language, empty where there is nothing to say.
    Programs read the same in `detail_reason`, `waiting_for_reason` and `save_error_reason`, and in the `reason` of a
    check what the last lines of its `output` say.
    """

    id: str
    state: State
    reason: str | None
    detail: str
    detail_reason: WhyOut | None
    is_resetting: bool
    position: int | None
    queue_length: int | None
    wait_s: dict[str, int] | None
    waiting_for: str
    waiting_for_reason: WhyOut | None
    waiting_full: dict[str, Any] | None
    started_at: datetime | None
    expires_at: datetime | None
    idle_stop_at: datetime | None
    warning: dict[str, Any] | None
    saved_at: datetime | None
    save_error: str
    save_error_reason: WhyOut | None
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
    state: State
    queued_at: datetime


class SessionsOut(Output):
    """The caller's sessions that haven't ended."""

    sessions: list[SessionBriefOut]
