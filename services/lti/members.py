"""Who is in a course of a platform: noted when they come, so that their scores go back there."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from extensions import db
from models import LtiContext, LtiLineItem, LtiMember, User
from services.lti.launches import Launch


def note(context: LtiContext, launch: Launch, user: User, *, now: datetime) -> None:
    """Note that somebody came from a course of a platform. Whoever is new has all their scores sent there."""
    values: dict[str, Any] = {
        "user_id": user.id,
        "name": launch.name,
        "role": launch.role,
        "is_active": True,
        "seen_at": now,
    }
    known = db.session.get(LtiMember, (context.id, launch.subject))
    was_here = known is not None and known.user_id == user.id
    row = insert(LtiMember).values(context_id=context.id, subject=launch.subject, **values)
    db.session.execute(row.on_conflict_do_update(index_elements=["context_id", "subject"], set_=values))
    if not was_here:
        items = select(LtiLineItem.activity_id).where(LtiLineItem.context_id == context.id).distinct()
        for activity_id in db.session.scalars(items.order_by(LtiLineItem.activity_id)).all():
            want(activity_id, user.id)


def want(activity_id: int, user_id: int) -> None:
    """Have somebody's score of an activity sent to the columns of it, whatever it is."""
    db.session.execute(select(func.lti_note_score(activity_id, user_id)))


def subject_of(context_id: int, user_id: int) -> str | None:
    """Return what a platform calls somebody in one of its courses; the newest, where it calls them by several names."""
    query = select(LtiMember.subject).where(
        LtiMember.context_id == context_id, LtiMember.user_id == user_id, LtiMember.is_active
    )
    return db.session.scalar(query.order_by(LtiMember.seen_at.desc(), LtiMember.subject).limit(1))
