"""Points: an append-only ledger, and each person's total in a course."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, SmallInteger, UniqueConstraint, desc, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from extensions import Model
from models.base import Id, utcnow
from models.user import User


class PointEntry(Model):
    """Points earned once from one source, such as `lesson:12`, `attempt:7` or `check:3`. Never changed."""

    __tablename__ = "point_entries"

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"), index=True)
    source: Mapped[str]
    points: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    __table_args__ = (UniqueConstraint("user_id", "source"),)


class CourseTotal(Model):
    """The sum of a person's ledger in a course, and when it was reached. Written with the ledger, never alone.

    `is_ranked`: its person is a student of the course now. Triggers keep it, and `point_counts` (docs/adr/0024).
    """

    __tablename__ = "course_totals"

    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    points: Mapped[int] = mapped_column(default=0)
    reached_at: Mapped[datetime] = mapped_column(default=utcnow)
    is_ranked: Mapped[bool] = mapped_column(default=False, server_default=false())

    user: Mapped[User] = relationship()

    __table_args__ = (
        # Serves a leaderboard's page and a person's rank: most points first, then who got there first.
        Index(
            "ix_course_totals_rank",
            "course_id",
            desc("points"),
            "reached_at",
            "user_id",
            postgresql_where=text("is_ranked"),
        ),
    )


class PointCount(Model):
    """How many ranked students of a course have exactly so many points: the sum of its slots.

    Kept by a trigger of `course_totals`. A class that finishes a lesson at once would wait for a single row in turn, so
    each person counts in one of eight.
    """

    __tablename__ = "point_counts"

    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"), primary_key=True)
    points: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    slot: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    students: Mapped[int]
