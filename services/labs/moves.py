"""The one statement that moves a lab session, or changes what belongs to the state that it is in.

Only the verbs of `lifecycle.py`, `running_labs.py` and `saving.py` call it: they know what a change means. Here a move
is checked against the table of transitions, carried out where the session is still in the state that the caller saw,
and told to pages.
"""

from typing import Any

from sqlalchemy import inspect

from models import LabSession
from models.lab_session import RUNNING, STOPPING, TRANSITIONS
from services import changes, leases, live


def move(lab_session: LabSession, old: str, new: str, **values: Any) -> bool:
    """Move a session from `old` to `new` and refresh it; return False when it isn't in `old` (any more)."""
    if new not in TRANSITIONS[old]:
        raise ValueError(f"a lab session can't go from {old} to {new}")
    if new == STOPPING:
        values = {"is_settled": False, **values}
    # A move ends the lease, unless the caller says otherwise.
    is_moved = change(lab_session, old, state=new, **{**leases.FREE, **values})
    if is_moved:
        live.queue_changed()
    if is_moved and new != RUNNING:
        # There is something to start or to stop, or a machine has come free.
        live.nudge("labs")
    return is_moved


def change(lab_session: LabSession, old: str, **values: Any) -> bool:
    """Set columns of a session in the state `old` and refresh it; return False when it isn't in `old` (any more)."""
    (session_id,) = inspect(lab_session).identity or (lab_session.id,)
    row = changes.one(LabSession, LabSession.id == session_id, LabSession.state == old, **values)
    if row is not None:
        live.lab_changed(session_id)
    return row is not None
