"""Shapes of timelines and saves."""

from datetime import datetime
from typing import Any

from blueprints.labs.schemas import WhyOut
from blueprints.schemas import Output


class EventOut(Output):
    """Something that happened to a lab; `words` says it to people, `kind`, `detail` and `reason` to programs.

    `reason` says why it happened, where that is told; in `detail` the same is text.
    """

    at: datetime
    kind: str
    words: str
    detail: dict[str, Any]
    reason: WhyOut | None


class VerdictOut(Output):
    """A decision about a lab's idleness: warn, warn_last, stop or keep, for being idle or too old, and why."""

    at: datetime
    action: str
    reason: str
    words: str
    facts: dict[str, Any]


class TimelineOut(Output):
    """What happened to a lab."""

    job_id: str
    state: str
    events: list[EventOut]
    verdicts: list[VerdictOut]


class SaveOut(Output):
    """Saved work: `files` in an archive of `size` bytes; `skipped` more couldn't be read."""

    save_id: int
    saved_at: datetime
    files: int
    size: int
    skipped: int
    sha256: str
    reason: str


class SavesOut(Output):
    """The saves of a student's work in a lab, the newest first."""

    saves: list[SaveOut]
