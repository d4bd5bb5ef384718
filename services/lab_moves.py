"""The one way in which a lab session changes its state: a compare-and-set, told to who looks at it."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from extensions import db
from models import LabSession
from models.lab_session import ENDED, QUEUED, RUNNING, STARTING, STOPPING, TRANSITIONS
from services import live

# States in which a session has, or may have, a machine: what the limits count.
OCCUPYING = (STARTING, RUNNING, STOPPING)
MAX_TOLD = 500


def move(
    session_id: uuid.UUID, old: str, new: str, *, token: datetime | None = None, **values: Any
) -> LabSession | None:
    """Move a session from `old` to `new`, and return it fresh; None when it isn't in `old` (any more).

    `token` is the `claimed_at` of one's own claim: the move then fails when somebody else has claimed the session since.
    """
    if new not in TRANSITIONS[old]:
        raise ValueError(f"a lab session can't go from {old} to {new}")
    found = change(session_id, old, token=token, state=new, **values)
    if found is None:
        return None
    if new != RUNNING:
        live.nudge("labs")
    return found


def change(
    session_id: uuid.UUID, old: str, *, token: datetime | None = None, **values: Any
) -> LabSession | None:
    """Change columns of a session while it is in the state `old`, and return it fresh; None when it isn't."""
    statement = update(LabSession).where(LabSession.id == session_id, LabSession.state == old).values(**values)
    if token is not None:
        statement = statement.where(LabSession.claimed_at == token)
    found = db.session.scalars(
        statement.returning(LabSession),
        execution_options={"populate_existing": True, "synchronize_session": False},
    ).one_or_none()
    if found is not None:
        live.lab_changed(session_id)
    return found


def end(session_id: uuid.UUID, old: str, reason: str, now: datetime, **values: Any) -> LabSession | None:
    """End a session for good."""
    return move(session_id, old, ENDED, reason=reason, ended_at=now, is_resetting=False, **values)


def tell_queue() -> None:
    """Tell those who wait that their position may have changed."""
    waiting = select(LabSession.id).where(LabSession.state == QUEUED).order_by(LabSession.queued_at).limit(MAX_TOLD)
    for session_id in db.session.scalars(waiting):
        live.lab_changed(session_id)


def stop_machine(session_id: uuid.UUID, old: str, now: datetime, **values: Any) -> LabSession | None:
    """Have the scheduler end the machine of a session that is in the state `old`."""
    return move(session_id, old, STOPPING, claimed_at=None, next_try_at=now, failures=0, **values)
