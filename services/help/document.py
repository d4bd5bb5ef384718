"""The part of a lab's state document that is about help: who looks in, the raised hand, and what was said."""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from extensions import db
from models import LabMessage, LabRead, LabSession, LabVisit, User


def describe(lab_session: LabSession, reader_id: int) -> dict[str, Any]:
    """Return `visitors`, `hand` and `messages` (the newest one's id, and how many the reader hasn't seen).

    One statement.
    """
    visitor = func.json_build_object(
        *("id", LabVisit.id),
        *("name", User.display_name),
        *("is_me", LabVisit.user_id == reader_id),
        *("has_asked", LabVisit.asked_at.is_not(None) & LabVisit.consented_at.is_(None)),
        *("is_driving", LabVisit.consented_at.is_not(None)),
    )
    visitors = (
        select(func.coalesce(func.json_agg(aggregate_order_by(visitor, LabVisit.id)), func.json_build_array()))
        .join(User, User.id == LabVisit.user_id)
        .where(LabVisit.session_id == lab_session.id, LabVisit.ended_at.is_(None))
    )
    newest = select(func.max(LabMessage.id)).where(LabMessage.session_id == lab_session.id)
    query = select(
        visitors.scalar_subquery(),
        func.coalesce(newest.scalar_subquery(), 0),
        unread(lab_session.id, reader_id),
    )
    looking, last, count = db.session.execute(query).one()
    raised = lab_session.hand_raised_at
    return {
        "visitors": looking,
        "hand": {"raised_at": raised.isoformat(), "note": lab_session.hand_note} if raised else None,
        "messages": {"last": last, "unread": count},
    }


def unread(session_id: Any, reader_id: int) -> Any:
    """Return the subquery that counts the messages of others in a session that the reader hasn't seen."""
    seen = select(LabRead.message_id).where(LabRead.session_id == session_id, LabRead.user_id == reader_id)
    return (
        select(func.count())
        .where(
            LabMessage.session_id == session_id,
            LabMessage.user_id != reader_id,
            LabMessage.id > func.coalesce(seen.scalar_subquery(), 0),
        )
        .scalar_subquery()
    )
