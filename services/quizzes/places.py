"""A question of an attempt, locked: where an answer goes, or a hint is taken."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from extensions import db
from models import Attempt, AttemptItem, QuestionVersion
from models.attempt import IN_PROGRESS
from services.errors import NotFound
from services.quizzes.terms import GRACE


@dataclass(frozen=True)
class Place:
    """The question, and the attempt as it is while its row is locked."""

    row: AttemptItem
    version: QuestionVersion
    state: str
    closed_by: str | None
    started_at: datetime
    deadline_at: datetime | None

    def is_over(self, now: datetime) -> bool:
        """Whether the attempt is closed, or its time is over, with the grace that late messages get."""
        return self.state != IN_PROGRESS or (self.deadline_at is not None and now > self.deadline_at + GRACE)


def lock(attempt_id: int, position: int, kind: str = "SHARE") -> Place:
    """Lock the attempt and the question, in this order, and return them. One statement.

    The share lock on the attempt orders what is done in it against closing; of two callers at one question the second
    waits.
    """
    query = (
        select(AttemptItem, QuestionVersion, Attempt.state, Attempt.closed_by, Attempt.started_at, Attempt.deadline_at)
        .join(Attempt, Attempt.id == AttemptItem.attempt_id)
        .join(QuestionVersion, QuestionVersion.id == AttemptItem.version_id)
        .where(AttemptItem.attempt_id == attempt_id, AttemptItem.position == position)
        # SQLAlchemy's with_for_update says one kind of lock.
        .suffix_with(f"FOR {kind} OF attempts FOR UPDATE OF attempt_items")
        .execution_options(populate_existing=True)
    )
    found = db.session.execute(query).tuples().one_or_none()
    if found is None:
        raise NotFound
    return Place(*found)
