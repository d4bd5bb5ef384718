"""A file that a student has uploaded for a question of an attempt."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from extensions import Model
from models.base import Id, utcnow


class AttemptFile(Model):
    """An upload: it stays as long as its attempt, also where the answer names it no more. Never changed."""

    __tablename__ = "attempt_files"

    id: Mapped[Id]
    attempt_id: Mapped[int]
    position: Mapped[int]
    name: Mapped[str]
    sha256: Mapped[str] = mapped_column(ForeignKey("blobs.sha256"), index=True)
    size: Mapped[int]
    uploaded_at: Mapped[datetime] = mapped_column(default=utcnow)

    __table_args__ = (
        ForeignKeyConstraint(
            ["attempt_id", "position"], ["attempt_items.attempt_id", "attempt_items.position"], ondelete="CASCADE"
        ),
        CheckConstraint("size > 0", name="size"),
        # What is sent again is kept once; serves the files of a question, too.
        Index("uq_attempt_files_once", "attempt_id", "position", "sha256", "name", unique=True),
    )
