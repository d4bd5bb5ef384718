"""Practice: what somebody remembers of a question, and each time that they practised it."""

from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from extensions import Model
from models.base import Id
from models.marks import Marks
from models.question import Question, QuestionVersion

# How well somebody remembered, as FSRS numbers it.
AGAIN, HARD, GOOD, EASY = 1, 2, 3, 4


class PracticeCard(Model):
    """What FSRS knows of a person's memory of a question, whichever version it has: services/practice/schedule.py.

    `revision` counts the reviews; each is made of the one that its caller saw.
    """

    __tablename__ = "practice_cards"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    question_id: Mapped[int] = mapped_column(ForeignKey("questions.id", ondelete="CASCADE"), primary_key=True)
    state: Mapped[str]
    step: Mapped[int | None] = mapped_column(SmallInteger)
    stability: Mapped[float | None]
    difficulty: Mapped[float | None]
    due_at: Mapped[datetime]
    reviewed_at: Mapped[datetime]
    revision: Mapped[int]

    __table_args__ = (
        CheckConstraint("state IN ('learning', 'review', 'relearning')", name="state"),
        CheckConstraint("revision > 0", name="revision"),
        # Serves the deletion of a question.
        Index("ix_practice_cards_question", "question_id"),
    )


class PracticeReview(Model):
    """One time that somebody practised a question: what it showed, their answer, and how well they remembered.

    `share` is what a machine says of the answer, 0 to 1; None where its author says it, then `rating` waits for them.
    """

    __tablename__ = "practice_reviews"

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    question_id: Mapped[int] = mapped_column(ForeignKey("questions.id", ondelete="CASCADE"))
    version_id: Mapped[int] = mapped_column(ForeignKey("question_versions.id", ondelete="CASCADE"))
    # The card's revision that it makes.
    number: Mapped[int]
    frozen: Mapped[dict[str, Any]] = mapped_column(JSONB)
    response: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    share: Mapped[Fraction | None] = mapped_column(Marks)
    rating: Mapped[int | None] = mapped_column(SmallInteger)
    answered_at: Mapped[datetime]
    due_at: Mapped[datetime | None]

    question: Mapped[Question] = relationship()
    version: Mapped[QuestionVersion] = relationship()

    __table_args__ = (
        UniqueConstraint("user_id", "question_id", "number"),
        CheckConstraint("rating BETWEEN 1 AND 4", name="rating"),
        CheckConstraint("(rating IS NULL) = (due_at IS NULL)", name="due"),
        # Serves what somebody practised lately.
        Index("ix_practice_reviews_user", "user_id", "answered_at"),
        # Serve the deletion of a question, and of a version.
        Index("ix_practice_reviews_question", "question_id"),
        Index("ix_practice_reviews_version", "version_id"),
    )
