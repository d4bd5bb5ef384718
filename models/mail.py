"""Mail that is to be sent: written with what caused it, sent by the scheduler."""

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from extensions import Model
from models.base import Id, utcnow


class Mail(Model):
    """One mail to one person. `sent_at` is set once the mail server has taken it, `given_up_at` when none would.

    From `useless_at` on it isn't sent any more: what it warns of has come.
    """

    __tablename__ = "mails"

    id: Mapped[Id]
    recipient: Mapped[str]
    subject: Mapped[str]
    body_text: Mapped[str]
    body_html: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    sent_at: Mapped[datetime | None]
    given_up_at: Mapped[datetime | None]
    useless_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime] = mapped_column(default=utcnow)

    # Serves the tick that sends.
    __table_args__ = (Index("ix_mails_due", "next_try_at", postgresql_where="sent_at IS NULL AND given_up_at IS NULL"),)
