"""A lab's timeline: what happened to it and when, for its student, the staff and operators."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import select

from extensions import db
from models import LabEvent

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
MOST = 500


def note(session_id: uuid.UUID, kind: str, at: datetime, **detail: Any) -> None:
    """Add a line; it is part of the caller's transaction. `detail` must fit JSON."""
    if kind not in KINDS:
        raise ValueError(f"a timeline has no {kind}")
    db.session.add(LabEvent(session_id=session_id, kind=kind, at=at, detail=detail))


def of(session_id: uuid.UUID) -> list[LabEvent]:
    """Return the timeline, the oldest first: its newest 500 lines."""
    newest = select(LabEvent).where(LabEvent.session_id == session_id).order_by(LabEvent.id.desc()).limit(MOST)
    return list(reversed(db.session.scalars(newest).all()))
