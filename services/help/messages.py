"""What is said in a lab between its student and the staff: plain text, in order, and who has read how far."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import joinedload

from extensions import db
from models import LabMessage, LabRead, LabSession, User
from models.lab_session import ENDED
from services import live, plain, timelines
from services.errors import Conflict, InvalidInput

MOST_CHARACTERS = 2000
MOST_SHOWN = 200
# A conversation is one line of the timeline, not one a message.
CONVERSATION = timedelta(minutes=10)


def say(lab_session: LabSession, user: User, text: str, *, now: datetime) -> LabMessage:
    """Add a message of at most 2,000 characters."""
    if lab_session.state == ENDED:
        raise Conflict("This lab has ended.")
    text = plain.bounded("text", plain.clean(text), MOST_CHARACTERS)
    if not text:
        raise InvalidInput("text", "Write something first.")
    # Of two messages at once, both would count as the beginning of a conversation: one waits here.
    db.session.execute(select(LabSession.id).where(LabSession.id == lab_session.id).with_for_update())
    mine = select(func.count()).where(LabMessage.session_id == lab_session.id, LabMessage.user_id == user.id)
    if not db.session.scalar(mine.where(LabMessage.sent_at > now - CONVERSATION)):
        timelines.note(lab_session.id, "message", now, name=user.display_name)
    message = LabMessage(session_id=lab_session.id, user_id=user.id, text=text, sent_at=now)
    db.session.add(message)
    db.session.flush()
    live.lab_changed(lab_session.id)
    return message


def of(lab_session: LabSession, reader: User, after: int = 0) -> list[dict[str, Any]]:
    """Return the newest 200 messages after the id `after`, the oldest first."""
    query = (
        select(LabMessage)
        .options(joinedload(LabMessage.user))
        .where(LabMessage.session_id == lab_session.id, LabMessage.id > after)
        .order_by(LabMessage.id.desc())
        .limit(MOST_SHOWN)
    )
    return [
        {
            "id": message.id,
            "name": message.user.display_name,
            "is_mine": message.user_id == reader.id,
            "is_staff": message.user_id != lab_session.user_id,
            "text": message.text,
            "sent_at": message.sent_at.isoformat(),
        }
        for message in reversed(db.session.scalars(query).all())
    ]


def mark_read(session_id: uuid.UUID, reader: User, message_id: int) -> None:
    """Note that the person has read up to the message `message_id`; never less than before."""
    newest = select(func.max(LabMessage.id)).where(LabMessage.session_id == session_id)
    upto = min(message_id, db.session.scalar(newest) or 0)
    row = insert(LabRead).values(session_id=session_id, user_id=reader.id, message_id=upto)
    kept = row.on_conflict_do_update(
        index_elements=["session_id", "user_id"],
        set_={"message_id": upto},
        where=LabRead.message_id < upto,
    )
    if db.session.scalar(kept.returning(LabRead.message_id)) is not None:
        live.lab_changed(session_id)
