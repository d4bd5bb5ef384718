"""Students' work in labs, saved before their machines end."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index, desc
from sqlalchemy.orm import Mapped, mapped_column, relationship

from extensions import Model
from models.base import Id, utcnow
from models.blob import Blob


class LabSave(Model):
    """A student's home in a lab at one time: a gzipped tar archive in `blobs`, of `size` bytes and `files` files.

    `skipped` more couldn't be read. The same work saved again is the same row, with its new time.
    """

    __tablename__ = "lab_saves"

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    lab_id: Mapped[int] = mapped_column(ForeignKey("labs.id", ondelete="CASCADE"))
    session_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("lab_sessions.id", ondelete="SET NULL"), index=True)
    sha256: Mapped[str] = mapped_column(ForeignKey("blobs.sha256"), index=True)
    size: Mapped[int]
    files: Mapped[int]
    skipped: Mapped[int] = mapped_column(default=0, server_default="0")
    reason: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    blob: Mapped[Blob] = relationship()

    # Serves the restore, which takes the newest.
    __table_args__ = (Index("ix_lab_saves_newest", "user_id", "lab_id", desc("id")),)
