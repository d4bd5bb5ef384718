"""Who belongs to a course, and what they have finished in it."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from extensions import Model
from models.base import Id, utcnow
from models.course import Course
from models.user import User

ROLES = ("student", "assistant", "teacher")
# How a student stands on the leaderboard, by their own choice.
BOARD_CHOICES = ("name", "pseudonym", "hidden")


class Cohort(Model):
    """A group of a course's people; each is in one at most."""

    __tablename__ = "cohorts"

    id: Mapped[Id]
    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"))
    name: Mapped[str]

    __table_args__ = (UniqueConstraint("course_id", "name"),)


class Enrolment(Model):
    """A person's place in a course, with their role there. Triggers tell the leaderboard what it changes for it."""

    __tablename__ = "enrolments"

    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str] = mapped_column(default="student")
    enrolled_at: Mapped[datetime] = mapped_column(default=utcnow)
    cohort_id: Mapped[int | None] = mapped_column(ForeignKey("cohorts.id", ondelete="SET NULL"), index=True)
    board: Mapped[str] = mapped_column(default="name", server_default="name")
    pseudonym: Mapped[str | None]

    user: Mapped[User] = relationship()
    course: Mapped[Course] = relationship()

    __table_args__ = (
        CheckConstraint("role IN ('student', 'assistant', 'teacher')", name="role"),
        CheckConstraint("board IN ('name', 'pseudonym', 'hidden')", name="board"),
        CheckConstraint("board <> 'pseudonym' OR pseudonym IS NOT NULL", name="pseudonym"),
        # Two people of a course don't go by one pseudonym.
        Index("uq_enrolments_pseudonym", "course_id", text("lower(pseudonym)"), unique=True),
        # Serves "my courses".
        Index("ix_enrolments_user", "user_id", "enrolled_at"),
    )


class Completion(Model):
    """A person has finished an activity: read the lesson, passed the quiz, passed the lab's checks."""

    __tablename__ = "completions"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    activity_id: Mapped[int] = mapped_column(ForeignKey("activities.id", ondelete="CASCADE"), primary_key=True)
    completed_at: Mapped[datetime] = mapped_column(default=utcnow)
