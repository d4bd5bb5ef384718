"""A raised hand: a student asks for help, with or without a word about what."""

from datetime import datetime
from typing import Any

from models import LabSession, User
from models.lab_session import ENDED
from services import changes, live, plain, timelines
from services.errors import Conflict

MOST_NOTE = 200


def raise_hand(lab_session: LabSession, note: str, *, now: datetime) -> None:
    """Raise the hand; one that is up already keeps its time, and gets the new note."""
    note = plain.bounded("note", plain.sentence(note), MOST_NOTE)
    if _change(lab_session, LabSession.hand_raised_at.is_(None), hand_raised_at=now, hand_note=note):
        timelines.note(lab_session.id, "hand_raised", now, note=note)
    elif not _change(lab_session, LabSession.hand_raised_at.is_not(None), hand_note=note):
        raise Conflict("This lab has ended.")


def lower_hand(lab_session: LabSession, by: User, *, now: datetime) -> None:
    """Lower the hand, by its student or by whoever helps. Again is harmless."""
    if _change(lab_session, LabSession.hand_raised_at.is_not(None), hand_raised_at=None, hand_note=""):
        timelines.note(lab_session.id, "hand_lowered", now, name=by.display_name)


def _change(lab_session: LabSession, condition: Any, **values: Any) -> bool:
    where = LabSession.id == lab_session.id, LabSession.state != ENDED, condition
    row = changes.one(LabSession, *where, **values)
    if row is not None:
        live.lab_changed(lab_session.id)
    return row is not None
