"""What happened to a lab, and why: its timeline, and the verdicts about its idleness."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from extensions import Model
from models.base import Id, utcnow


class LabEvent(Model):
    """One line of a lab's timeline, such as `queued`, `placed`, `first_prompt`, `saved`. Never changed.

    A reason in `detail` is stored as in a column of its own: {code, params}.
    """

    __tablename__ = "lab_events"

    id: Mapped[Id]
    session_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("lab_sessions.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(default=utcnow)
    kind: Mapped[str]
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")

    # Serves the timeline.
    __table_args__ = (Index("ix_lab_events_session", "session_id", "id"),)


class IdleVerdict(Model):
    """A decision about an idle lab that changed something, with the facts behind it."""

    __tablename__ = "idle_verdicts"

    id: Mapped[Id]
    session_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("lab_sessions.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(default=utcnow)
    action: Mapped[str]
    reason: Mapped[str]
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")

    # Serves the timeline.
    __table_args__ = (Index("ix_idle_verdicts_session", "session_id", "id"),)
