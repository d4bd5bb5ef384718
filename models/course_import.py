"""Imports of courses by program: what was sent, what it would do, and what it did."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from extensions import Model
from models.base import Id, utcnow
from models.user import User

# The scheduler reads what was sent, which is refused or can be applied; and it applies what somebody has agreed to.
READING, REFUSED, READY, APPLYING, APPLIED, STALE = "reading", "refused", "ready", "applying", "applied", "stale"
STATES = (READING, REFUSED, READY, APPLYING, APPLIED, STALE)
# What the scheduler is to do something about.
WAITING = (READING, APPLYING)
# Each move is a compare-and-set in services/archive/imports.py.
TRANSITIONS: dict[str, set[str]] = {
    READING: {READY, REFUSED},
    READY: {APPLYING, STALE},
    APPLYING: {APPLIED, STALE, REFUSED},
    REFUSED: set(),
    APPLIED: set(),
    STALE: set(),
}


class CourseImport(Model):
    """A zip with a course that somebody sent. `report` says what applying it would do, or has done; `digest` names
    exactly that, and `before` the course as it was then. `faults` are why it is refused.

    The bytes are kept until it is applied, refused or forgotten.
    """

    __tablename__ = "course_imports"

    id: Mapped[Id]
    # NULL where it couldn't be read.
    slug: Mapped[str | None]
    # The course that scenarios of other programs become labs of; NULL where they make a new one.
    into: Mapped[str | None]
    sha256: Mapped[str | None] = mapped_column(ForeignKey("blobs.sha256"), index=True)
    state: Mapped[str] = mapped_column(default=READING)
    before: Mapped[str | None]
    digest: Mapped[str | None]
    report: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    faults: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, server_default="[]")
    # What of scenarios isn't carried as it is, each {"where", "reason"}.
    findings: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, server_default="[]")
    made_by_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    made_at: Mapped[datetime] = mapped_column(default=utcnow)
    # When the scheduler was last asked for something.
    asked_at: Mapped[datetime] = mapped_column(default=utcnow)
    ended_at: Mapped[datetime | None]

    made_by: Mapped[User] = relationship()

    __table_args__ = (
        CheckConstraint(
            "state IN ('reading', 'refused', 'ready', 'applying', 'applied', 'stale')",
            name="state",
        ),
        CheckConstraint("(state IN ('reading', 'refused')) = (digest IS NULL)", name="digest"),
        # Serves the tick: what waits, the first that was asked for.
        Index("ix_course_imports_waiting", "asked_at", postgresql_where="state IN ('reading', 'applying')"),
        # Serves a person's imports, which are forgotten after a day.
        Index("ix_course_imports_mine", "made_by_id", "id"),
    )


class ImportBaseline(Model):
    """A course as its last import left it: the digest of each of its parts. What differs was edited on the site."""

    __tablename__ = "import_baselines"

    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"), primary_key=True)
    parts: Mapped[dict[str, str]] = mapped_column(JSONB)
    imported_at: Mapped[datetime]
