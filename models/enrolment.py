"""Who belongs to a course, and what they have finished in it."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from extensions import Model
from models.base import utcnow
from models.course import Course
from models.user import User

ROLES = ("student", "assistant", "teacher")


class Enrolment(Model):
    """A person's place in a course, with their role there."""

    __tablename__ = "enrolments"

    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str] = mapped_column(default="student")
    enrolled_at: Mapped[datetime] = mapped_column(default=utcnow)

    user: Mapped[User] = relationship()
    course: Mapped[Course] = relationship()

    __table_args__ = (
        CheckConstraint("role IN ('student', 'assistant', 'teacher')", name="role"),
        # Serves "my courses".
        Index("ix_enrolments_user", "user_id", "enrolled_at"),
    )


class Completion(Model):
    """A person has finished an activity: read the lesson, passed the quiz, passed the lab's checks."""

    __tablename__ = "completions"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    activity_id: Mapped[int] = mapped_column(ForeignKey("activities.id", ondelete="CASCADE"), primary_key=True)
    completed_at: Mapped[datetime] = mapped_column(default=utcnow)
