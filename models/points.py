"""Points: an append-only ledger, and each person's total in a course."""

from datetime import datetime
from typing import Any, Literal, get_args

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint, desc, false, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from extensions import Model
from models.base import Id, utcnow
from models.course import Course
from models.user import User

# What an entry is for. A compensation takes back, or gives, what an earlier entry of its source had wrong.
Kind = Literal["quiz", "check", "lesson", "award", "compensation"]
KINDS: tuple[str, ...] = get_args(Kind)


class PointEntry(Model):
    """Points that a person got, or lost again, for a source, such as `lesson:12`, `quiz:7` or `check:3`. Never changed.

    A source's entries are numbered from 1 for each person, so that none can be written twice; their sum is what the
    source is worth. Of one person in one course, IDs and times rise in the order in which the entries were written.
    """

    __tablename__ = "point_entries"

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"))
    source: Mapped[str]
    number: Mapped[int] = mapped_column(SmallInteger, default=1)
    kind: Mapped[str]
    points: Mapped[int]
    # Why, as the instructor who gave the points wrote it.
    reason: Mapped[str | None]
    given_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    __table_args__ = (
        UniqueConstraint("user_id", "source", "number"),
        CheckConstraint("kind IN ('quiz', 'check', 'lesson', 'award', 'compensation')", name="kind"),
        CheckConstraint("number > 0", name="number"),
        # Serves a person's entries in a course, and the audit, in their order.
        Index("ix_point_entries_course_id_user_id_id", "course_id", "user_id", "id"),
        # Serves what was written in a week, or until a moment.
        Index("ix_point_entries_course_id_created_at", "course_id", "created_at"),
    )


class CourseTotal(Model):
    """The sum of a person's ledger in a course, and when it was reached. Written with the ledger, never alone.

    `reached_at` is the time since which the sum has never been lower than it is now; `changed_at` that of the last
    entry. Triggers keep the rest: `is_ranked` says that its person is a student of the course now who hasn't opted out,
    `cohort_id` is theirs now, and `changed_in` the transaction that changed the row last.
    """

    __tablename__ = "course_totals"

    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    points: Mapped[int] = mapped_column(default=0)
    reached_at: Mapped[datetime] = mapped_column(default=utcnow)
    changed_at: Mapped[datetime] = mapped_column(default=utcnow)
    is_ranked: Mapped[bool] = mapped_column(default=False, server_default=false())
    cohort_id: Mapped[int | None]
    changed_in: Mapped[int] = mapped_column(default=0)

    user: Mapped[User] = relationship()

    __table_args__ = (
        # Serve a course's board and a cohort's: most points first, then who got there first.
        Index(
            "ix_course_totals_rank",
            "course_id",
            desc("points"),
            "reached_at",
            "user_id",
            postgresql_where=text("is_ranked AND points > 0"),
        ),
        Index(
            "ix_course_totals_cohort",
            "cohort_id",
            desc("points"),
            "reached_at",
            "user_id",
            postgresql_where=text("is_ranked AND points > 0"),
        ),
        # Serves what changed since a board in Redis was read.
        Index("ix_course_totals_course_id_changed_in", "course_id", "changed_in"),
    )


class BoardPlace(Model):
    """Since when somebody was ranked in a course, or wasn't, and in which cohort. Triggers write a row at each change.

    The last row before a moment says who stood on the board then.
    """

    __tablename__ = "board_places"

    id: Mapped[Id]
    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    is_ranked: Mapped[bool]
    cohort_id: Mapped[int | None]
    since: Mapped[datetime]

    # Serves the last row of each person before a moment.
    __table_args__ = (Index("ix_board_places_course_id_user_id_id", "course_id", "user_id", "id"),)


class PointAudit(Model):
    """A look at whether totals are what the ledger adds up to: each night, and whenever somebody asks for one.

    `drifts` counts the totals that weren't, `mended` those of them that were set right; `found` has the first of them.
    It waits for the scheduler until `ended_at`.
    """

    __tablename__ = "point_audits"

    id: Mapped[Id]
    # NULL: of all courses.
    course_id: Mapped[int | None] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"))
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    is_to_mend: Mapped[bool] = mapped_column(default=False)
    asked_at: Mapped[datetime] = mapped_column(default=utcnow)
    ended_at: Mapped[datetime | None]
    totals: Mapped[int] = mapped_column(default=0)
    drifts: Mapped[int] = mapped_column(default=0)
    mended: Mapped[int] = mapped_column(default=0)
    found: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)

    course: Mapped[Course | None] = relationship()

    # Serves the tick: what waits, the first that was asked for.
    __table_args__ = (Index("ix_point_audits_waiting", "asked_at", postgresql_where=text("ended_at IS NULL")),)
