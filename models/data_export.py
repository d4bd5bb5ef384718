"""Archives with all of a person's own data, made by the scheduler."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from extensions import Model
from models.base import Id, utcnow

EXPORT_QUEUED, EXPORT_READY, EXPORT_EXPIRED, EXPORT_FAILED = "queued", "ready", "expired", "failed"
# Each move is a compare-and-set in services/persons/exports.py.
EXPORT_TRANSITIONS: dict[str, set[str]] = {
    EXPORT_QUEUED: {EXPORT_READY, EXPORT_FAILED},
    EXPORT_READY: {EXPORT_EXPIRED},
    EXPORT_EXPIRED: set(),
    EXPORT_FAILED: set(),
}


class DataExport(Model):
    """One archive: `sha256` names its bytes while it is ready. At `due_at` the scheduler makes it, or forgets it."""

    __tablename__ = "data_exports"

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    state: Mapped[str] = mapped_column(default=EXPORT_QUEUED)
    asked_at: Mapped[datetime] = mapped_column(default=utcnow)
    tries: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime | None]
    ready_at: Mapped[datetime | None]
    sha256: Mapped[str | None] = mapped_column(ForeignKey("blobs.sha256"), index=True)
    size: Mapped[int | None]

    __table_args__ = (
        CheckConstraint("state IN ('queued', 'ready', 'expired', 'failed')", name="state"),
        CheckConstraint("(state = 'ready') = (sha256 IS NOT NULL)", name="bytes"),
        CheckConstraint("(state IN ('queued', 'ready')) = (due_at IS NOT NULL)", name="due"),
        # One that is being made, or is there, at a time.
        Index("uq_data_exports_queued", "user_id", unique=True, postgresql_where="state = 'queued'"),
        # Serves the tick.
        Index("ix_data_exports_due", "due_at", postgresql_where="due_at IS NOT NULL"),
        # Serves a person's own.
        Index("ix_data_exports_mine", "user_id", "id"),
    )
