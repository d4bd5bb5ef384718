"""Erasures of accounts: asked for, waited for, carried out by the scheduler."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from extensions import Model
from models.base import Id, utcnow

ERASURE_WAITING, ERASURE_DONE, ERASURE_CANCELLED = "waiting", "done", "cancelled"
# Each move is a compare-and-set in services/persons/erasures.py.
ERASURE_TRANSITIONS: dict[str, set[str]] = {
    ERASURE_WAITING: {ERASURE_DONE, ERASURE_CANCELLED},
    ERASURE_DONE: set(),
    ERASURE_CANCELLED: set(),
}


class Erasure(Model):
    """That an account is to be erased: from `due_at` on the scheduler does it, and can't be stopped once it `began_at`.

    `asked_by_id` is the person themselves or an admin.
    """

    __tablename__ = "erasures"

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    state: Mapped[str] = mapped_column(default=ERASURE_WAITING)
    asked_at: Mapped[datetime] = mapped_column(default=utcnow)
    due_at: Mapped[datetime | None]
    began_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'done', 'cancelled')", name="state"),
        CheckConstraint("(state = 'waiting') = (due_at IS NOT NULL)", name="due"),
        CheckConstraint("(state = 'waiting') = (ended_at IS NULL)", name="ended"),
        # One at a time, and none after it is done.
        Index("uq_erasures_open", "user_id", unique=True, postgresql_where="state <> 'cancelled'"),
        # Serves the tick.
        Index("ix_erasures_due", "due_at", postgresql_where="due_at IS NOT NULL"),
    )
