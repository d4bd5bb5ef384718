"""Webhooks of courses: to whom events are sent, what is to be sent, and how it went."""

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship

from extensions import Model
from models.base import Id, utcnow
from models.course import Course
from models.course_event import CourseEvent
from models.leased import Leased, held_index
from models.reason_column import ReasonColumn
from reasons import Reason

# A delivery waits for its next try, until the receiver has taken it or it is given up.
WAITING, DELIVERED, FAILED = "waiting", "delivered", "failed"
DELIVERY_STATES = (WAITING, DELIVERED, FAILED)
DELIVERY_TRANSITIONS = {WAITING: {DELIVERED, FAILED}, DELIVERED: {WAITING}, FAILED: {WAITING}}
# Why nothing is sent to a webhook any more: somebody said so, it failed for days, or its receiver said 410.
BY_PERSON, FAILING, GONE = "person", "failing", "gone"
CAUSES = (BY_PERSON, FAILING, GONE)


class Webhook(Model):
    """An address to which events of some kinds are sent. It is on unless `disabled_at` says since when it isn't.

    Its secret follows from `salt` and the site's SECRET_KEY (`services/webhooks/secrets.py`); the one before, of
    `old_salt`, signs as well until `old_salt_until`. `failing_since` is the first failure after the last success.
    """

    __tablename__ = "webhooks"

    id: Mapped[Id]
    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"), index=True)
    url: Mapped[str]
    kinds: Mapped[list[str]] = mapped_column(ARRAY(Text))
    salt: Mapped[str]
    old_salt: Mapped[str | None]
    old_salt_until: Mapped[datetime | None]
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    made_at: Mapped[datetime] = mapped_column(default=utcnow)
    failing_since: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    disabled_because: Mapped[str | None]

    course: Mapped[Course] = relationship()

    __table_args__ = (
        CheckConstraint("disabled_because IN ('person', 'failing', 'gone')", name="disabled_because"),
        CheckConstraint("(disabled_at IS NULL) = (disabled_because IS NULL)", name="disabled"),
    )

    @property
    def is_on(self) -> bool:
        """Whether events are sent to it."""
        return self.disabled_at is None


class WebhookDelivery(Leased, Model):
    """One event that is sent to one webhook, until it is taken or given up. Its ID is that of the message."""

    __tablename__ = "webhook_deliveries"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, server_default=text("gen_random_uuid()"))
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"))
    event_id: Mapped[int] = mapped_column(ForeignKey("course_events.id", ondelete="CASCADE"), index=True)
    state: Mapped[str] = mapped_column(default=WAITING)
    made_at: Mapped[datetime] = mapped_column(default=utcnow)
    ended_at: Mapped[datetime | None]

    webhook: Mapped[Webhook] = relationship()
    event: Mapped[CourseEvent] = relationship()
    outcomes: Mapped[list["WebhookTry"]] = relationship(order_by="WebhookTry.id")

    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'delivered', 'failed')", name="state"),
        CheckConstraint("(state = 'waiting') = (ended_at IS NULL)", name="ended"),
        # An event goes to a webhook once; and it serves the log of a webhook.
        UniqueConstraint("webhook_id", "event_id"),
        # Serves the tick: `leases.due_at`, which is never NULL of a delivery that waits.
        Index(
            "ix_webhook_deliveries_due",
            text("coalesce(leased_until, retry_at)"),
            postgresql_where="state = 'waiting'",
        ),
        held_index("webhook_deliveries"),
    )


class WebhookTry(Model):
    """One try to deliver: the status of the answer, or why there was none; how long it took; and the answer's begin."""

    __tablename__ = "webhook_tries"

    id: Mapped[Id]
    delivery_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("webhook_deliveries.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(default=utcnow)
    status: Mapped[int | None]
    why: Mapped[Reason | None] = mapped_column(ReasonColumn)
    took_ms: Mapped[int]
    answer: Mapped[str] = mapped_column(default="")

    # Serves the log.
    __table_args__ = (Index("ix_webhook_tries_delivery_id_id", "delivery_id", "id"),)
