"""Learning platforms (LTI 1.3) from which people come, our own keys, and the courses that theirs are connected with."""

from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.mutable import MutableList
from sqlalchemy.orm import Mapped, mapped_column, relationship

from extensions import Model
from models.base import Id, utcnow
from models.course import Course
from models.leased import Leased, held_index
from models.reason_column import ReasonColumn
from reasons import Reason


class LtiPlatform(Model):
    """A platform that an administrator has registered, such as a school's Moodle; Yurt is a tool there.

    `issuer` and `client_id` are what its signed statements name. `authority` is the issuer of its people among the
    outside identities: two registrations of one platform share it, two platforms never do. `key_set` is what was read
    last at `keys_url`.
    """

    __tablename__ = "lti_platforms"

    id: Mapped[Id]
    name: Mapped[str]
    issuer: Mapped[str]
    client_id: Mapped[str]
    authority: Mapped[str]
    auth_url: Mapped[str]
    token_url: Mapped[str]
    keys_url: Mapped[str]
    deployments: Mapped[list[str]] = mapped_column(MutableList.as_mutable(ARRAY(Text)))
    # Where its pages are, beside the origins of its addresses: they may show what asks to be opened in a tab.
    frame_origins: Mapped[list[str]] = mapped_column(MutableList.as_mutable(ARRAY(Text)), default=list)
    is_active: Mapped[bool] = mapped_column(default=True)
    key_set: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    keys_read_at: Mapped[datetime | None]
    keys_tried_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    __table_args__ = (UniqueConstraint("issuer", "client_id"),)


class LtiKey(Model):
    """A pair of keys of ours, with which we sign what we say to platforms; a retired one is still shown for a while."""

    __tablename__ = "lti_keys"

    id: Mapped[Id]
    kid: Mapped[str] = mapped_column(unique=True)
    pair: Mapped[dict[str, Any]] = mapped_column(JSONB)
    made_at: Mapped[datetime] = mapped_column(default=utcnow)
    retired_at: Mapped[datetime | None]


class LtiContext(Leased, Model):
    """A course of a platform that a teacher has connected with a course here. Who comes from it gets into no other.

    Its list of people is at `members_url`, as the last launch said. Who reads it holds the row, from `asked_at` on
    until that is empty; `read_at` is when it was read last, `roster_reason` why it couldn't be.
    """

    __tablename__ = "lti_contexts"

    id: Mapped[Id]
    platform_id: Mapped[int] = mapped_column(ForeignKey("lti_platforms.id", ondelete="CASCADE"))
    deployment_id: Mapped[str]
    context_id: Mapped[str]
    title: Mapped[str] = mapped_column(default="")
    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"))
    linked_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    linked_at: Mapped[datetime] = mapped_column(default=utcnow)
    members_url: Mapped[str] = mapped_column(default="", server_default="")
    asked_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    roster_reason: Mapped[Reason | None] = mapped_column(ReasonColumn)

    platform: Mapped[LtiPlatform] = relationship()
    course: Mapped[Course] = relationship()

    __table_args__ = (
        UniqueConstraint("platform_id", "deployment_id", "context_id"),
        # Serves the page of a course that shows what it is connected with.
        Index("ix_lti_contexts_course", "course_id"),
        # Serves the tick that reads lists.
        Index("ix_lti_contexts_asked", "asked_at", postgresql_where="asked_at IS NOT NULL"),
        held_index("lti_contexts"),
    )
