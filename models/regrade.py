"""Regrades: what was decided later of the answers to a question, and what students were told of it."""

from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from extensions import Model
from models.base import Id, utcnow
from models.marks import Marks
from models.question import Question, QuestionVersion
from models.quiz import Quiz
from models.user import User

# Another key, an answer that counts as right, other points, or the question dropped.
KEY, ACCEPT, POINTS, DROP = "key", "accept", "points", "drop"
KINDS = (KEY, ACCEPT, POINTS, DROP)
DRAFT, APPLIED, UNDONE = "draft", "applied", "undone"
STATES = (DRAFT, APPLIED, UNDONE)
# Each move is a compare-and-set in services/regrades/applying.py.
TRANSITIONS: dict[str, set[str]] = {DRAFT: {APPLIED}, APPLIED: {UNDONE}, UNDONE: set()}


class Regrade(Model):
    """A rule for the answers to a question in a quiz. While it is applied, it holds for each answer to a version up to
    `upto`, handed in before or after; `number` is its place among the quiz's rules, in which they work.

    A draft is a preview, which holds for nothing. `change` is its kind's own; `key_id` the version whose key counts.
    `effect` and `undo_effect` say how many scores went up, down, or stayed, and the mean before and after.
    """

    __tablename__ = "regrades"

    id: Mapped[Id]
    quiz_id: Mapped[int] = mapped_column(ForeignKey("quizzes.id", ondelete="CASCADE"))
    question_id: Mapped[int] = mapped_column(ForeignKey("questions.id", ondelete="CASCADE"))
    kind: Mapped[str]
    change: Mapped[dict[str, Any]] = mapped_column(JSONB)
    key_id: Mapped[int | None] = mapped_column(ForeignKey("question_versions.id", ondelete="CASCADE"))
    upto: Mapped[int]
    state: Mapped[str] = mapped_column(default=DRAFT)
    number: Mapped[int | None]
    # Why, as its author wrote it: the students read it.
    reason: Mapped[str]
    undo_reason: Mapped[str] = mapped_column(default="", server_default="")
    effect: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    undo_effect: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    made_at: Mapped[datetime] = mapped_column(default=utcnow)
    applied_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    applied_at: Mapped[datetime | None]
    undone_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    undone_at: Mapped[datetime | None]

    quiz: Mapped[Quiz] = relationship()
    question: Mapped[Question] = relationship()
    key: Mapped[QuestionVersion | None] = relationship()
    applied_by: Mapped[User | None] = relationship(foreign_keys=[applied_by_id])
    undone_by: Mapped[User | None] = relationship(foreign_keys=[undone_by_id])

    __table_args__ = (
        UniqueConstraint("quiz_id", "number"),
        CheckConstraint("kind IN ('key', 'accept', 'points', 'drop')", name="kind"),
        CheckConstraint("state IN ('draft', 'applied', 'undone')", name="state"),
        CheckConstraint("(state = 'draft') = (number IS NULL)", name="numbered"),
        CheckConstraint("(kind = 'key') = (key_id IS NOT NULL)", name="key"),
        # Serves each hand-in: the rules that hold for its questions.
        Index("ix_regrades_applied", "quiz_id", "question_id", postgresql_where="state = 'applied'"),
    )


class RegradeNote(Model):
    """What a regrade, or taking it back, did to an answer and the score of its attempt. Its student is told so."""

    __tablename__ = "regrade_notes"

    regrade_id: Mapped[int] = mapped_column(ForeignKey("regrades.id", ondelete="CASCADE"), primary_key=True)
    is_undo: Mapped[bool] = mapped_column(primary_key=True)
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempts.id", ondelete="CASCADE"), primary_key=True)
    score_before: Mapped[Fraction | None] = mapped_column(Marks)
    score_after: Mapped[Fraction | None] = mapped_column(Marks)
    max_before: Mapped[Fraction] = mapped_column(Marks)
    max_after: Mapped[Fraction] = mapped_column(Marks)
    # The answer: which one, its marks, and of how many.
    position: Mapped[int]
    answer_before: Mapped[Fraction | None] = mapped_column(Marks)
    answer_after: Mapped[Fraction | None] = mapped_column(Marks)
    points_before: Mapped[Fraction] = mapped_column(Marks)
    points_after: Mapped[Fraction] = mapped_column(Marks)
    # Its person: their points on the board from all attempts, and whether the quiz is done. Earlier notes don't say.
    board_before: Mapped[int | None]
    board_after: Mapped[int | None]
    done_before: Mapped[bool | None]
    done_after: Mapped[bool | None]
    noted_at: Mapped[datetime]

    regrade: Mapped[Regrade] = relationship()

    # Serves the notes of an attempt, and of a student's attempts at a quiz.
    __table_args__ = (Index("ix_regrade_notes_attempt", "attempt_id"),)
