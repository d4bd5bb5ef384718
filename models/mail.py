"""Mail that is to be sent: written with what caused it, sent by the scheduler."""

from datetime import datetime

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from extensions import Model
from models.base import Id, utcnow
from models.leased import Leased, held_index


class Mail(Leased, Model):
    """One mail to one person. `sent_at` is set once the mail server has taken it, `given_up_at` when none would.

    From `useless_at` on it isn't sent any more: the event it warns of has come. `about` is a key of its subject, such
    as `hopeless:12`, by which nobody is written to about the same thing too often.
    """

    __tablename__ = "mails"

    id: Mapped[Id]
    recipient: Mapped[str]
    about: Mapped[str | None]
    subject: Mapped[str]
    body_text: Mapped[str]
    body_html: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    sent_at: Mapped[datetime | None]
    given_up_at: Mapped[datetime | None]
    useless_at: Mapped[datetime | None]
    retry_at: Mapped[datetime | None] = mapped_column(default=utcnow)

    __table_args__ = (
        # Serves the tick that sends: `leases.due_at`, which is never NULL of a mail.
        Index(
            "ix_mails_due",
            text("coalesce(leased_until, retry_at)"),
            postgresql_where="sent_at IS NULL AND given_up_at IS NULL",
        ),
        # Serves the question who was written to about something lately.
        Index("ix_mails_about", "about", "created_at", postgresql_where="about IS NOT NULL"),
        held_index("mails"),
    )
