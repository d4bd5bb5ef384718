"""A course: its modules, and the activities (lessons, quizzes, labs) that stand in them."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from extensions import Model
from models.base import Id, utcnow


class Course(Model):
    """A course. `version` grows with every change of its contents, and is part of every cache key.

    `grading` is its grading scheme as services/gradebook/schemes.py reads it: categories, or nothing.
    """

    __tablename__ = "courses"

    id: Mapped[Id]
    slug: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    summary: Mapped[str] = mapped_column(default="")
    about_md: Mapped[str] = mapped_column(default="")
    about_html: Mapped[str] = mapped_column(default="")
    language: Mapped[str] = mapped_column(default="en")
    is_published: Mapped[bool] = mapped_column(default=False)
    enrolment: Mapped[str] = mapped_column(default="open")
    enrol_code: Mapped[str | None]
    grading: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, server_default="[]")
    # What its certificate asks, as services/certificates/rules.py reads it; None: it gives none.
    certificate: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    # Whether its people may practise: services/practice/pool.py says which questions.
    offers_practice: Mapped[bool] = mapped_column(default=False, server_default="false")
    # Whether its teachers may have a language model write questions. The site's own: no folder turns it on.
    allows_generation: Mapped[bool] = mapped_column(default=False, server_default="false")
    # Whether its students may ask for such questions to practise; the same holds.
    students_may_ask: Mapped[bool] = mapped_column(default=False, server_default="false")
    # Whether the model may draft comments for who grades, and give hints for failing checks; the same holds.
    drafts_comments: Mapped[bool] = mapped_column(default=False, server_default="false")
    hints_by_model: Mapped[bool] = mapped_column(default=False, server_default="false")
    version: Mapped[int] = mapped_column(default=1)
    # Students see the leaderboard as it stood at `from`, until `until`.
    board_frozen_from: Mapped[datetime | None]
    board_frozen_until: Mapped[datetime | None]
    # Grows when a total goes away, so that boards that are kept in Redis are made anew.
    board_epoch: Mapped[int] = mapped_column(default=0, server_default="0")
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(default=utcnow, onupdate=utcnow)

    modules: Mapped[list["Module"]] = relationship(order_by="Module.position", back_populates="course")

    __table_args__ = (
        CheckConstraint("enrolment IN ('open', 'code', 'closed')", name="enrolment"),
        CheckConstraint("enrolment <> 'code' OR enrol_code IS NOT NULL", name="code"),
        CheckConstraint(
            "(board_frozen_from IS NULL) = (board_frozen_until IS NULL) AND board_frozen_from < board_frozen_until",
            name="board_frozen",
        ),
        # Serves the catalogue, which lists published courses by title.
        Index("ix_courses_catalogue", "title", "id", postgresql_where="is_published"),
        # Serves enrolling by a code alone.
        Index("uq_courses_enrol_code", "enrol_code", unique=True, postgresql_where="enrol_code IS NOT NULL"),
    )


class Module(Model):
    """A part of a course; holds activities in order."""

    __tablename__ = "modules"

    id: Mapped[Id]
    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"))
    slug: Mapped[str]
    position: Mapped[int]
    title: Mapped[str]
    summary: Mapped[str] = mapped_column(default="")
    is_archived: Mapped[bool] = mapped_column(default=False, server_default="false")

    course: Mapped[Course] = relationship(back_populates="modules")
    activities: Mapped[list["Activity"]] = relationship(order_by="Activity.position", back_populates="module")

    __table_args__ = (UniqueConstraint("course_id", "slug"),)


class Activity(Model):
    """What a student does in a course: the common part of Lesson, Quiz and Lab. Archived ones keep students' work."""

    __tablename__ = "activities"

    id: Mapped[Id]
    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"))
    module_id: Mapped[int] = mapped_column(ForeignKey("modules.id", ondelete="CASCADE"))
    slug: Mapped[str]
    kind: Mapped[str]
    position: Mapped[int]
    title: Mapped[str]
    is_archived: Mapped[bool] = mapped_column(default=False, server_default="false")

    course: Mapped[Course] = relationship()
    module: Mapped[Module] = relationship(back_populates="activities")

    __mapper_args__ = {"polymorphic_on": "kind"}
    __table_args__ = (
        UniqueConstraint("course_id", "slug"),
        CheckConstraint("kind IN ('lesson', 'quiz', 'lab')", name="kind"),
        # Serves the outline: all of a course in its order.
        Index("ix_activities_outline", "module_id", "position"),
    )


class Lesson(Activity):
    """A page to read. The HTML is rendered from the Markdown when the lesson is saved."""

    __tablename__ = "lessons"

    id: Mapped[int] = mapped_column(ForeignKey("activities.id", ondelete="CASCADE"), primary_key=True)
    body_md: Mapped[str] = mapped_column(default="")
    body_html: Mapped[str] = mapped_column(default="")
    minutes: Mapped[int | None]
    points: Mapped[int] = mapped_column(default=0)

    __mapper_args__ = {"polymorphic_identity": "lesson"}
