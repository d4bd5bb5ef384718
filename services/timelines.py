"""A lab's timeline: what happened to it and when, for its student, the staff and operators."""

import uuid
from datetime import datetime
from itertools import accumulate
from typing import Any

from sqlalchemy import select

from extensions import db
from models import LabEvent
from reasons import Reason

# Every kind that is written, in the order of a lab's life; pages have words for each.
KINDS = (
    "queued",
    "waiting",
    "claimed",
    "adopted",
    "placed",
    "restored",
    "running",
    "first_prompt",
    "check_passed",
    "check_failed",
    "solution_shown",
    "hand_raised",
    "hand_lowered",
    "visit_began",
    "keyboard_given",
    "keyboard_returned",
    "visit_ended",
    "message",
    "extended",
    "warned",
    "verdict",
    "saving",
    "saved",
    "save_failed",
    "reset",
    "moved",
    "stopping",
    "stopped",
    "failed",
    "lost",
)
# Kinds that are written later than they happen: the gateway sees the first prompt, and the scheduler reads that later.
NOTED_LATER = ("first_prompt",)
MOST = 500


# Under which name the detail of a kind has its reason.
REASON_FIELDS = {"waiting": "reason", "failed": "reason", "save_failed": "reason", "lost": "detail", "moved": "why"}


def note(session_id: uuid.UUID, kind: str, at: datetime, **detail: Any) -> None:
    """Add a line; it is part of the caller's transaction. `detail` is made of reasons and what fits JSON."""
    if kind not in KINDS:
        raise ValueError(f"a timeline has no {kind}")
    if not isinstance(detail.get(REASON_FIELDS.get(kind, "")), Reason | None):
        raise TypeError(f"why a lab is {kind} is a reason")
    stored = {name: value.as_json() if isinstance(value, Reason) else value for name, value in detail.items()}
    db.session.add(LabEvent(session_id=session_id, kind=kind, at=at, detail=stored))


def reason_of(kind: str, detail: dict[str, Any]) -> Reason | None:
    """Return the reason that a line gives."""
    stored = detail.get(REASON_FIELDS.get(kind, ""))
    return Reason.from_json(stored) if isinstance(stored, dict) else None


def of(session_id: uuid.UUID) -> list[LabEvent]:
    """Return the newest 500 lines of the timeline, the oldest first.

    They are in the order in which they were written, whatever their writers' clocks said. Only kinds that are written
    some time after they happened (NOTED_LATER) are placed by their time.
    """
    newest = select(LabEvent).where(LabEvent.session_id == session_id).order_by(LabEvent.id.desc()).limit(MOST)
    lines = list(reversed(db.session.scalars(newest).all()))
    in_order = [line for line in lines if line.kind not in NOTED_LATER]
    latest = accumulate((line.at for line in in_order), max)
    place = {line.id: at for line, at in zip(in_order, latest, strict=True)}
    return sorted(lines, key=lambda line: (place.get(line.id, line.at), line.id))


def session_with(job_id: str) -> uuid.UUID | None:
    """Return the session that had a machine with this job, now or before; None where there was none.

    It reads all lines of all timelines, and is for operators.
    """
    named = LabEvent.detail["job"].astext == job_id
    return db.session.scalar(select(LabEvent.session_id).where(named).order_by(LabEvent.id.desc()).limit(1))
