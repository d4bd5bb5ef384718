"""What a student gets beyond the others: in all quizzes of a course, or in one."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from extensions import Model
from models.user import User


class Accommodation(Model):
    """What a student of a course gets in each of its quizzes; without a row, nothing. It stays when they leave.

    The time is multiplied by `time_percent`; then come `extra_minutes` and `break_minutes`.
    """

    __tablename__ = "accommodations"

    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    time_percent: Mapped[int] = mapped_column(default=100)
    extra_minutes: Mapped[int] = mapped_column(default=0)
    break_minutes: Mapped[int] = mapped_column(default=0)
    extra_attempts: Mapped[int] = mapped_column(default=0)

    user: Mapped[User] = relationship()

    __table_args__ = (
        CheckConstraint("time_percent BETWEEN 100 AND 1000", name="time_percent"),
        CheckConstraint("extra_minutes >= 0 AND break_minutes >= 0 AND extra_attempts >= 0", name="extra"),
    )


class QuizOverride(Model):
    """What holds for one student at one quiz: other times (None: the quiz's own), minutes and attempts on top."""

    __tablename__ = "quiz_overrides"

    quiz_id: Mapped[int] = mapped_column(ForeignKey("quizzes.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    opens_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    closes_at: Mapped[datetime | None]
    extra_minutes: Mapped[int] = mapped_column(default=0)
    extra_attempts: Mapped[int] = mapped_column(default=0)

    user: Mapped[User] = relationship()

    __table_args__ = (
        CheckConstraint("extra_minutes >= 0 AND extra_attempts >= 0", name="extra"),
        # Serves the page of one student.
        Index("ix_quiz_overrides_user", "user_id"),
    )
