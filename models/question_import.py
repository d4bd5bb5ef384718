"""Files of questions that somebody moves into a bank: previewed first, then applied."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from extensions import Model
from models.base import Id, utcnow
from models.course import Course

PREVIEWED, APPLIED = "previewed", "applied"
STATES = (PREVIEWED, APPLIED)
# The move is a compare-and-set in services/moving/imports.py.
TRANSITIONS: dict[str, set[str]] = {PREVIEWED: {APPLIED}, APPLIED: set()}


class QuestionImport(Model):
    """A file of questions, and what it brings to the bank of a course.

    `entries` are its questions as the preview found them, then as they were applied: each {"number", "name", "state",
    "slug", "kind", "other", "findings"}; `findings` those of the file itself. `sha256` names the file's bytes until it
    is applied, `digest` what the preview showed.
    """

    __tablename__ = "question_imports"

    id: Mapped[Id]
    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"))
    format: Mapped[str]
    file_name: Mapped[str]
    sha256: Mapped[str | None] = mapped_column(ForeignKey("blobs.sha256"), index=True)
    state: Mapped[str] = mapped_column(default=PREVIEWED)
    digest: Mapped[str]
    entries: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    findings: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, server_default="[]")
    files: Mapped[int] = mapped_column(default=0, server_default="0")
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    made_at: Mapped[datetime] = mapped_column(default=utcnow)
    applied_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    applied_at: Mapped[datetime | None]

    course: Mapped[Course] = relationship()

    __table_args__ = (
        CheckConstraint("state IN ('previewed', 'applied')", name="state"),
        CheckConstraint("(state = 'applied') = (applied_at IS NOT NULL)", name="applied"),
        # Serves the previews of a course that are too old, and the deletion of a course.
        Index("ix_question_imports_course", "course_id", "made_at"),
    )
