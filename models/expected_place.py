"""Places in courses for people who have no account yet."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from extensions import Model
from models.base import utcnow


class ExpectedPlace(Model):
    """A place that is kept for an address, in the spelling of accounts. A trigger gives it to the account that shows
    that the address is its own, and forgets it."""

    __tablename__ = "expected_places"

    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"), primary_key=True)
    email: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[str]
    cohort_id: Mapped[int | None] = mapped_column(ForeignKey("cohorts.id", ondelete="SET NULL"))
    made_at: Mapped[datetime] = mapped_column(default=utcnow)

    __table_args__ = (
        CheckConstraint("role IN ('student', 'assistant', 'teacher')", name="role"),
        # Serves the trigger: all places of an address.
        Index("ix_expected_places_email", "email"),
    )
