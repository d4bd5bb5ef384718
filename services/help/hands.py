"""A raised hand: a student asks for help, with or without a word about what."""

from datetime import datetime
from typing import Any

from sqlalchemy import update

from extensions import db
from models import LabSession, User
from models.lab_session import ENDED
from services import live, plain, timelines
from services.errors import Conflict

MOST_NOTE = 200


def up(lab_session: LabSession, note: str, *, now: datetime) -> None:
    """Raise the hand; one that is up already keeps its time, and gets the new note."""
    note = plain.bounded("note", plain.sentence(note), MOST_NOTE)
    if _change(lab_session, LabSession.hand_raised_at.is_(None), hand_raised_at=now, hand_note=note):
        timelines.note(lab_session.id, "hand_raised", now, note=note)
    elif not _change(lab_session, LabSession.hand_raised_at.is_not(None), hand_note=note):
        raise Conflict("This lab has ended.")


def down(lab_session: LabSession, by: User, *, now: datetime) -> None:
    """Lower the hand, by its student or by whoever helps. Again is harmless."""
    if _change(lab_session, LabSession.hand_raised_at.is_not(None), hand_raised_at=None, hand_note=""):
        timelines.note(lab_session.id, "hand_lowered", now, name=by.display_name)


def _change(lab_session: LabSession, condition: Any, **values: Any) -> bool:
    statement = (
        update(LabSession)
        .where(LabSession.id == lab_session.id, LabSession.state != ENDED, condition)
        .values(**values)
        .returning(LabSession)
        .execution_options(populate_existing=True, synchronize_session=False)
    )
    is_changed = db.session.scalars(statement).one_or_none() is not None
    if is_changed:
        live.lab_changed(lab_session.id)
    return is_changed
