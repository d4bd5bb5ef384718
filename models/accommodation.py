"""What a student gets beyond the others in a course: in all quizzes and labs, at one quiz, or with their cohort."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from extensions import Model
from models.enrolment import Cohort
from models.user import User


class Accommodation(Model):
    """What a student of a course gets in its quizzes and labs; without a row, nothing. It stays when they leave.

    The time is multiplied by `time_percent`; then come `extra_minutes`. In each attempt `break_minutes` may be taken as
    breaks, in which the clock stands still. Their labs may idle for `idle_percent` of what others' may.
    """

    __tablename__ = "accommodations"

    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    time_percent: Mapped[int] = mapped_column(default=100)
    extra_minutes: Mapped[int] = mapped_column(default=0)
    break_minutes: Mapped[int] = mapped_column(default=0)
    extra_attempts: Mapped[int] = mapped_column(default=0)
    idle_percent: Mapped[int] = mapped_column(default=100, server_default="100")

    user: Mapped[User] = relationship()

    __table_args__ = (
        CheckConstraint("idle_percent BETWEEN 100 AND 1000", name="idle_percent"),
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


class CohortOverride(Model):
    """What holds for a cohort at one quiz, where a student of it has nothing of their own: as a QuizOverride."""

    __tablename__ = "cohort_overrides"

    quiz_id: Mapped[int] = mapped_column(ForeignKey("quizzes.id", ondelete="CASCADE"), primary_key=True)
    cohort_id: Mapped[int] = mapped_column(ForeignKey("cohorts.id", ondelete="CASCADE"), primary_key=True)
    opens_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    closes_at: Mapped[datetime | None]
    extra_minutes: Mapped[int] = mapped_column(default=0)
    extra_attempts: Mapped[int] = mapped_column(default=0)

    cohort: Mapped[Cohort] = relationship()

    __table_args__ = (
        CheckConstraint("extra_minutes >= 0 AND extra_attempts >= 0", name="extra"),
        # Serves the removal of a cohort.
        Index("ix_cohort_overrides_cohort", "cohort_id"),
    )
