"""A student's attempt at a quiz, and each answer in it."""

from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Numeric, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from extensions import Model
from models.base import Id, utcnow
from models.marks import Marks
from models.question import QuestionVersion
from models.quiz import Quiz
from models.user import User

IN_PROGRESS, SUBMITTED, NEEDS_GRADING, GRADED = "in_progress", "submitted", "needs_grading", "graded"
STATES = (IN_PROGRESS, SUBMITTED, NEEDS_GRADING, GRADED)
# Who closed an attempt.
BY_STUDENT, BY_DEADLINE = "student", "deadline"
# Every move is made once, in services/quizzes/lifecycle.py. What a machine grades is never seen as submitted: it is
# graded in the transaction that hands it in.
TRANSITIONS: dict[str, set[str]] = {
    IN_PROGRESS: {SUBMITTED},
    SUBMITTED: {NEEDS_GRADING, GRADED},
    NEEDS_GRADING: {GRADED},
    # A regrade that is taken back may leave an answer without marks again.
    GRADED: {NEEDS_GRADING},
}
# An answer that counted when it came.
KEPT = ""
# Why an answer doesn't count: a later one from another tab took its place, one that was typed later was there before it
# came, or it came after the end.
REPLACED, OUTDATED, LATE = "replaced", "outdated", "late"


class Attempt(Model):
    """One attempt. Its items are drawn at the start; `closed_by` is who handed it in, the student or the deadline.

    It has a score once all of its items have one.
    """

    __tablename__ = "attempts"

    id: Mapped[Id]
    quiz_id: Mapped[int] = mapped_column(ForeignKey("quizzes.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    number: Mapped[int]
    # What is drawn follows from it (services/quizzes/draws.py); None in attempts of before there were seeds.
    seed: Mapped[int | None] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(default=IN_PROGRESS)
    closed_by: Mapped[str | None]
    started_at: Mapped[datetime] = mapped_column(default=utcnow)
    deadline_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    # Breaks, in which the clock stands still: how long they may take, how long those took that are over, and since when
    # the one lasts that isn't.
    break_s: Mapped[int] = mapped_column(default=0, server_default="0")
    paused_s: Mapped[int] = mapped_column(default=0, server_default="0")
    paused_at: Mapped[datetime | None]
    # What share of its marks an attempt is worth that was handed in late, in per cent; the score has it in it.
    credit_percent: Mapped[int] = mapped_column(default=100, server_default="100")
    score: Mapped[Fraction | None] = mapped_column(Marks)
    max_score: Mapped[Fraction] = mapped_column(Marks)

    quiz: Mapped[Quiz] = relationship()
    user: Mapped[User] = relationship()
    items: Mapped[list["AttemptItem"]] = relationship(order_by="AttemptItem.position", back_populates="attempt")

    __table_args__ = (
        UniqueConstraint("user_id", "quiz_id", "number"),
        CheckConstraint("state IN ('in_progress', 'submitted', 'needs_grading', 'graded')", name="state"),
        CheckConstraint("(state <> 'in_progress') = (closed_at IS NOT NULL)", name="closed"),
        CheckConstraint("(state = 'graded') = (score IS NOT NULL)", name="graded"),
        CheckConstraint("credit_percent BETWEEN 0 AND 100", name="credit_percent"),
        CheckConstraint("paused_s >= 0 AND break_s >= 0", name="paused"),
        # One open attempt a student and quiz, whatever races.
        Index("uq_attempts_open", "user_id", "quiz_id", unique=True, postgresql_where="state = 'in_progress'"),
        # Serves the tick that closes what is overdue.
        Index("ix_attempts_deadline", "deadline_at", postgresql_where="state = 'in_progress'"),
        # Serves the list of a quiz's attempts, and whatever looks at all of them.
        Index("ix_attempts_quiz", "quiz_id", "id"),
        # Serves the list of answers that wait for a person.
        Index("ix_attempts_waiting", "quiz_id", "closed_at", postgresql_where="state = 'needs_grading'"),
    )

    @property
    def is_open(self) -> bool:
        """Whether it can still be answered."""
        return self.state == IN_PROGRESS

    @property
    def percent(self) -> int | None:
        """The score as a whole percentage, rounded down so that 100 means everything; None until all is graded."""
        if self.score is None:
            return None
        return int(100 * self.score / self.max_score) if self.max_score else 0


class AttemptItem(Model):
    """One question of an attempt and its answer. `revision` counts up with each answer kept; 0 is none yet.

    `typed_at` is when a person typed the answer, in the site's time; `tab` is the page that sent it. `points` is the
    question's weight in this attempt, in marks.
    """

    __tablename__ = "attempt_items"

    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempts.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("question_versions.id"), index=True)
    frozen: Mapped[dict[str, Any]] = mapped_column(JSONB)
    points: Mapped[float] = mapped_column(Numeric(8, 2, asdecimal=False), default=1)
    response: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    revision: Mapped[int] = mapped_column(default=0)
    saved_at: Mapped[datetime | None]
    typed_at: Mapped[datetime | None]
    tab: Mapped[str] = mapped_column(default="", server_default="")
    # What its hints cost that were taken; the score is without it.
    hint_cost: Mapped[Fraction] = mapped_column(Marks, default=Fraction(0), server_default="0")
    score: Mapped[Fraction | None] = mapped_column(Marks)
    # What a person says of the answer whom the type left it to, with its marks.
    comment: Mapped[str] = mapped_column(default="", server_default="")
    graded_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    graded_at: Mapped[datetime | None]
    # What of the rubric they found in it (question_rubrics.py); None where they gave marks without it.
    rubric: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    # What it would have without the regrades that hold for it (services/quizzes/rules.py). Where none does, these are
    # None, and `points` and `score` are its own.
    asked_points: Mapped[float | None] = mapped_column(Numeric(8, 2, asdecimal=False))
    asked_score: Mapped[Fraction | None] = mapped_column(Marks)

    attempt: Mapped[Attempt] = relationship(back_populates="items")
    version: Mapped[QuestionVersion] = relationship()
    graded_by: Mapped[User | None] = relationship()

    @property
    def is_regraded(self) -> bool:
        """Whether a regrade holds for it."""
        return self.asked_points is not None

    @property
    def own_points(self) -> float:
        """What it was worth when it was asked."""
        return self.points if self.asked_points is None else self.asked_points

    @property
    def own_score(self) -> Fraction | None:
        """Its marks as it was graded, of its own points, whatever regrades make of them."""
        return self.asked_score if self.is_regraded else self.score


class HintTaken(Model):
    """A hint that a student took in an attempt, once; `number` counts the question's hints, `cost` is in marks."""

    __tablename__ = "hints_taken"

    attempt_id: Mapped[int] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    cost: Mapped[Fraction] = mapped_column(Marks)
    taken_at: Mapped[datetime] = mapped_column(default=utcnow)

    __table_args__ = (
        ForeignKeyConstraint(
            ["attempt_id", "position"], ["attempt_items.attempt_id", "attempt_items.position"], ondelete="CASCADE"
        ),
        CheckConstraint("number > 0", name="number"),
        CheckConstraint("cost >= 0", name="cost"),
    )


class AnswerSave(Model):
    """An answer that came, and what became of it: kept as the answer, or why it never counted. Never changed.

    `revision` is the one that its sender was told, or had sent; `digest` is of the response (services/quizzes/
    answer_log.py), empty in rows from before there was one. `typed_at` is what the sender's page said, held between the
    attempt's start and `received_at`.
    """

    __tablename__ = "answer_saves"

    id: Mapped[Id]
    attempt_id: Mapped[int]
    position: Mapped[int]
    why: Mapped[str]
    revision: Mapped[int] = mapped_column(default=0, server_default="0")
    digest: Mapped[str] = mapped_column(default="", server_default="")
    response: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    typed_at: Mapped[datetime]
    received_at: Mapped[datetime]
    tab: Mapped[str] = mapped_column(default="", server_default="")

    __table_args__ = (
        ForeignKeyConstraint(
            ["attempt_id", "position"], ["attempt_items.attempt_id", "attempt_items.position"], ondelete="CASCADE"
        ),
        CheckConstraint("why IN ('', 'replaced', 'outdated', 'late')", name="why"),
        # Serves the pages of an attempt, and each save, which keeps the log small.
        Index("ix_answer_saves_attempt", "attempt_id", "position", "id"),
        # What is sent again is logged once.
        Index(
            "uq_answer_saves_once",
            *("attempt_id", "position", "tab", "revision", "digest", "why"),
            unique=True,
            postgresql_where="digest <> ''",
        ),
    )


class AttemptBreak(Model):
    """A break in an attempt, as it was taken. `left_s` is what was left for breaks when it ended; `ended_by_id` is None
    where it was over by itself. One without an end is on, or was over unseen (services/quizzes/break_log.py).
    """

    __tablename__ = "attempt_breaks"

    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempts.id", ondelete="CASCADE"), primary_key=True)
    began_at: Mapped[datetime] = mapped_column(primary_key=True)
    begun_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    ended_at: Mapped[datetime | None]
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    left_s: Mapped[int | None]

    begun_by: Mapped[User | None] = relationship(foreign_keys=[begun_by_id])
    ended_by: Mapped[User | None] = relationship(foreign_keys=[ended_by_id])

    __table_args__ = (
        CheckConstraint("ended_at >= began_at", name="order"),
        CheckConstraint("(ended_at IS NULL) = (left_s IS NULL)", name="ended"),
    )
