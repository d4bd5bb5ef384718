"""Requests that a program may send again: what was answered the first time."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from extensions import Model
from models.base import utcnow


class SentRequest(Model):
    """A request with an `Idempotency-Key`, and its answer: written in the transaction that did what was asked.

    `digest` is of the request, so that a key isn't taken for another one.
    """

    __tablename__ = "sent_requests"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str]
    # NULL while it is being answered, which nobody else sees.
    status: Mapped[int | None]
    body: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    headers: Mapped[dict[str, str]] = mapped_column(JSONB, default=dict, server_default="{}")
    sent_at: Mapped[datetime] = mapped_column(default=utcnow)

    # Serves forgetting what is older than a day.
    __table_args__ = (Index("ix_sent_requests_sent_at", "sent_at"),)
