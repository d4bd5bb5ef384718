"""Who is in a platform's course, its columns of grades that are of activities here, and the scores that go there."""

from datetime import datetime
from fractions import Fraction

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from extensions import Model
from models.base import Id, utcnow
from models.course import Activity
from models.leased import Leased, held_index
from models.lti import LtiContext
from models.marks import Marks
from models.reason_column import ReasonColumn
from reasons import Reason


class LtiMember(Model):
    """Somebody in a course of a platform, by what it calls them; `user_id` is who that is here, once that is known."""

    __tablename__ = "lti_members"

    context_id: Mapped[int] = mapped_column(ForeignKey("lti_contexts.id", ondelete="CASCADE"), primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(default="")
    role: Mapped[str | None]
    is_active: Mapped[bool] = mapped_column(default=True)
    seen_at: Mapped[datetime] = mapped_column(default=utcnow)

    __table_args__ = (
        CheckConstraint("role IN ('student', 'assistant')", name="role"),
        # Serves the trigger that notes whose score has changed, and the sender.
        Index("ix_lti_members_user", "user_id", "context_id"),
    )


class LtiLineItem(Leased, Model):
    """A column of a platform's gradebook that an activity here fills. Whoever sends its scores holds it.

    `retry_at` is when the platform is asked again that couldn't be, and `reason` why.
    """

    __tablename__ = "lti_line_items"

    id: Mapped[Id]
    context_id: Mapped[int] = mapped_column(ForeignKey("lti_contexts.id", ondelete="CASCADE"))
    activity_id: Mapped[int] = mapped_column(ForeignKey("activities.id", ondelete="CASCADE"))
    url: Mapped[str]
    reason: Mapped[Reason | None] = mapped_column(ReasonColumn)
    made_at: Mapped[datetime] = mapped_column(default=utcnow)

    context: Mapped[LtiContext] = relationship()
    activity: Mapped[Activity] = relationship()

    __table_args__ = (
        UniqueConstraint("context_id", "url"),
        # Serves the trigger.
        Index("ix_lti_line_items_activity", "activity_id"),
        held_index("lti_line_items"),
    )


class LtiScore(Model):
    """A student's score of a column: triggers count `wanted` up when it changes, and the sender `sent` up to it.

    `changed_at` tells the platform which of two scores is the later one. What the student isn't shown yet waits until
    `wait_until`. `sent_share` is what the platform has, `reason` why it didn't take the last.
    """

    __tablename__ = "lti_scores"

    line_item_id: Mapped[int] = mapped_column(ForeignKey("lti_line_items.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    wanted: Mapped[int] = mapped_column(default=1)
    sent: Mapped[int] = mapped_column(default=0)
    changed_at: Mapped[datetime] = mapped_column(default=utcnow)
    wait_until: Mapped[datetime | None]
    sent_share: Mapped[Fraction | None] = mapped_column(Marks)
    sent_at: Mapped[datetime | None]
    reason: Mapped[Reason | None] = mapped_column(ReasonColumn)

    __table_args__ = (
        CheckConstraint("sent <= wanted", name="sent"),
        # Serve the sender, and the deletion of an account.
        Index("ix_lti_scores_due", "line_item_id", "changed_at", postgresql_where="sent < wanted"),
        Index("ix_lti_scores_user", "user_id"),
    )
