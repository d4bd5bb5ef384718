"""Browsers' sessions that were signed out, for as long as a ticket of theirs could be shown."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from extensions import Model
from models.base import utcnow


class EndedSession(Model):
    """A session that was signed out, by the digest of its ID. Sessions themselves live in Redis."""

    __tablename__ = "ended_sessions"

    digest: Mapped[str] = mapped_column(primary_key=True)
    # The index serves the scheduler, which forgets old rows.
    ended_at: Mapped[datetime] = mapped_column(default=utcnow, index=True)
