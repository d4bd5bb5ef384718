"""What happened in courses, for programs that follow it: an outbox of events."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, SmallInteger, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from extensions import Model
from models.base import Id, utcnow


class CourseEvent(Model):
    """An event of a course, such as `attempt.submitted`. Triggers write it, in the transaction that it tells of.

    `position` is its place in the feed, which it gets once it is committed (`services/events.py`); NULL until then.
    `user_id` is whom it concerns. Neither that nor the course is a key of another table: an account that is erased
    leaves its number, and a class that hands in at once doesn't lock its course's row for it.
    """

    __tablename__ = "course_events"

    id: Mapped[Id]
    position: Mapped[int | None]
    kind: Mapped[str]
    course_id: Mapped[int]
    user_id: Mapped[int | None]
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    at: Mapped[datetime] = mapped_column(default=utcnow, server_default=text("clock_timestamp()"))

    __table_args__ = (
        # Serves the feed of a course.
        Index("ix_course_events_course_id_position", "course_id", "position"),
        # No two events have one place, and it serves what prunes the feed.
        Index("uq_course_events_position", "position", unique=True),
        # Serves the tick: what has no place yet.
        Index("ix_course_events_unplaced", "id", postgresql_where="position IS NULL"),
    )


class EventCounter(Model):
    """The last position that was given in the feed, and the last one that was pruned: one row, which gives turns."""

    __tablename__ = "event_counter"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    last_position: Mapped[int] = mapped_column(default=0, server_default="0")
    pruned_position: Mapped[int] = mapped_column(default=0, server_default="0")

    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)
