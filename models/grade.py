"""What the staff of a course decides about a student's grade for an activity."""

from datetime import datetime
from fractions import Fraction

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from extensions import Model
from models.base import utcnow
from models.marks import Marks


class GradeMark(Model):
    """A score that stands in place of the one earned (`percent`), or that the activity doesn't count (`is_exempt`)."""

    __tablename__ = "grade_marks"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    activity_id: Mapped[int] = mapped_column(ForeignKey("activities.id", ondelete="CASCADE"), primary_key=True)
    percent: Mapped[Fraction | None] = mapped_column(Marks)
    is_exempt: Mapped[bool] = mapped_column(default=False)
    note: Mapped[str] = mapped_column(default="")
    by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    at: Mapped[datetime] = mapped_column(default=utcnow)

    __table_args__ = (
        CheckConstraint("percent BETWEEN 0 AND 100", name="percent"),
        CheckConstraint("percent IS NOT NULL OR is_exempt", name="says_something"),
        CheckConstraint("percent IS NULL OR note <> ''", name="note"),
    )
