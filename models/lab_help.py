"""People who help in a lab: their visits, and what is said there."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index, func
from sqlalchemy.orm import Mapped, mapped_column, relationship

from extensions import Model
from models.base import Id, utcnow
from models.user import User


class LabVisit(Model):
    """A member of the staff looks into a lab, which its student sees.

    `seen_at` is when their page was last there. `asked_at` is when they asked for the keyboard, `consented_at` when the
    student gave it; it is theirs until `ended_at`, or until the student takes it back, which clears both.
    """

    __tablename__ = "lab_visits"

    id: Mapped[Id]
    session_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("lab_sessions.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    began_at: Mapped[datetime] = mapped_column(default=utcnow)
    seen_at: Mapped[datetime] = mapped_column(default=utcnow, server_default=func.now())
    asked_at: Mapped[datetime | None]
    consented_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    user: Mapped[User] = relationship()

    __table_args__ = (
        # One open visit a person and lab.
        Index("uq_lab_visits_open", "session_id", "user_id", unique=True, postgresql_where="ended_at IS NULL"),
        # Serves the scheduler, which ends the visits of those who have gone.
        Index("ix_lab_visits_seen", "seen_at", postgresql_where="ended_at IS NULL"),
    )


class LabMessage(Model):
    """Something said in a lab, by its student or by the staff. Plain text."""

    __tablename__ = "lab_messages"

    id: Mapped[Id]
    session_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("lab_sessions.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    text: Mapped[str]
    sent_at: Mapped[datetime] = mapped_column(default=utcnow)

    user: Mapped[User] = relationship()

    # Serves the conversation.
    __table_args__ = (Index("ix_lab_messages_session", "session_id", "id"),)


class LabRead(Model):
    """How far a person has read what was said in a lab: the id of the newest message."""

    __tablename__ = "lab_reads"

    session_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("lab_sessions.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    message_id: Mapped[int]
