"""Looks lab sessions up."""

import uuid

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from extensions import db
from models import LabSession
from models.lab_session import ENDED
from services.errors import NotFound


def load(session_id: uuid.UUID) -> LabSession:
    """Return a session with its lab and course; raise NotFound."""
    query = select(LabSession).options(joinedload(LabSession.lab), joinedload(LabSession.course))
    lab_session = db.session.scalar(query.where(LabSession.id == session_id))
    if lab_session is None:
        raise NotFound
    return lab_session


def active_for(user_id: int, lab_id: int) -> LabSession | None:
    """Return the person's session of the lab that hasn't ended."""
    query = select(LabSession).where(LabSession.user_id == user_id, LabSession.lab_id == lab_id)
    return db.session.scalar(query.where(LabSession.state != ENDED))


def latest(user_id: int, lab_id: int) -> LabSession | None:
    """Return the person's newest session of the lab, ended or not."""
    query = (
        select(LabSession)
        .where(LabSession.user_id == user_id, LabSession.lab_id == lab_id)
        # One that is active goes first, whatever the clocks said.
        .order_by(LabSession.state == ENDED, LabSession.queued_at.desc())
    )
    return db.session.scalars(query.limit(1)).one_or_none()


def of_user(user_id: int) -> list[LabSession]:
    """Return the person's sessions that haven't ended, with lab and course, the newest first."""
    query = (
        select(LabSession)
        .options(joinedload(LabSession.lab), joinedload(LabSession.course))
        .where(LabSession.user_id == user_id, LabSession.state != ENDED)
        .order_by(LabSession.queued_at.desc())
    )
    return list(db.session.scalars(query))
