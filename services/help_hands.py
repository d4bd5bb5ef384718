"""A raised hand: a student asks for help, with or without a word about what."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update

from extensions import db
from models import LabEvent, LabSession, User
from models.lab_session import ENDED
from services import live, plain, timelines
from services.errors import Conflict, LimitReached

MOST_NOTE = 200
LIMIT, WITHIN = 5, timedelta(minutes=1)


def up(lab_session: LabSession, note: str, *, now: datetime) -> None:
    """Raise the hand; one that is up already keeps its time, and gets the new note. Five times a minute are enough."""
    note = plain.bounded("note", plain.sentence(note), MOST_NOTE)
    # Two at once would each miss the other in the count: one waits here.
    db.session.execute(select(LabSession.id).where(LabSession.id == lab_session.id).with_for_update())
    raised = select(func.count()).where(LabEvent.session_id == lab_session.id, LabEvent.kind == "hand_raised")
    lately = db.session.scalar(raised.where(LabEvent.at > now - WITHIN)) or 0
    if lately >= LIMIT and lab_session.hand_raised_at is None:
        raise LimitReached("You have raised your hand several times. Wait a minute, then raise it again.")
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
