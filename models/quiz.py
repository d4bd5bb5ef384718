"""A quiz, and what it asks: questions of its course's bank, fixed or drawn."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from extensions import Model
from models.course import Activity

if TYPE_CHECKING:
    from models.question import Question

# Which of a student's scores at a quiz counts; services/quizzes/scores.py holds what each means.
BEST, LAST, FIRST, AVERAGE = "best", "last", "first", "average"


class Quiz(Activity):
    """A quiz. `points` is what a perfect attempt earns on the leaderboard; only improvement earns again.

    `slots` are what it asks; `questions` are those of the bank that are written in its file.
    """

    __tablename__ = "quizzes"

    id: Mapped[int] = mapped_column(ForeignKey("activities.id", ondelete="CASCADE"), primary_key=True)
    instructions_md: Mapped[str] = mapped_column(default="")
    instructions_html: Mapped[str] = mapped_column(default="")
    time_limit_s: Mapped[int | None]
    attempts_allowed: Mapped[int | None]
    counts: Mapped[str] = mapped_column(default=BEST, server_default=BEST)
    points: Mapped[int] = mapped_column(default=0)
    pass_percent: Mapped[int] = mapped_column(default=50)
    is_shuffled: Mapped[bool] = mapped_column(default=False)

    # When and how it is taken: quiz_settings.py says what each means.
    opens_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    closes_at: Mapped[datetime | None]
    late_credit: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, server_default="[]")
    cooldown_minutes: Mapped[int] = mapped_column(default=0, server_default="0")
    password: Mapped[str] = mapped_column(default="", server_default="")
    requires: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, server_default="[]")
    late_answers: Mapped[str] = mapped_column(default="keep", server_default="keep")
    reveal_score: Mapped[str] = mapped_column(default="submitted", server_default="submitted")
    reveal_correctness: Mapped[str] = mapped_column(default="submitted", server_default="submitted")
    reveal_answer: Mapped[str] = mapped_column(default="submitted", server_default="submitted")
    reveal_feedback: Mapped[str] = mapped_column(default="submitted", server_default="submitted")

    questions: Mapped[list["Question"]] = relationship(order_by="Question.position", back_populates="quiz")
    slots: Mapped[list["QuizSlot"]] = relationship(order_by="QuizSlot.position")

    __mapper_args__ = {"polymorphic_identity": "quiz"}
    __table_args__ = (  # type: ignore[assignment]  # of another table than the parent's
        CheckConstraint("time_limit_s > 0", name="time_limit"),
        CheckConstraint("attempts_allowed > 0", name="attempts_allowed"),
        CheckConstraint("cooldown_minutes >= 0", name="cooldown_minutes"),
        CheckConstraint("late_answers IN ('accept', 'keep', 'refuse')", name="late_answers"),
        CheckConstraint("opens_at < closes_at AND due_at <= closes_at AND due_at >= opens_at", name="window"),
        *(
            CheckConstraint(f"{name} IN ('never', 'submitted', 'closed')", name=name)
            for name in ("reveal_score", "reveal_correctness", "reveal_answer", "reveal_feedback")
        ),
        CheckConstraint("counts IN ('best', 'last', 'first', 'average')", name="counts"),
    )


class QuizSlot(Model):
    """A place in a quiz: one fixed question, or `count` questions with a tag, and perhaps a difficulty, drawn anew for
    each attempt. `points` is the weight of each; without it, a question's own counts."""

    __tablename__ = "quiz_slots"

    quiz_id: Mapped[int] = mapped_column(ForeignKey("quizzes.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    question_id: Mapped[int | None] = mapped_column(ForeignKey("questions.id", ondelete="CASCADE"))
    tag: Mapped[str | None]
    difficulty: Mapped[str | None]
    count: Mapped[int] = mapped_column(default=1, server_default="1")
    points: Mapped[float | None] = mapped_column(Numeric(8, 2, asdecimal=False))

    question: Mapped["Question | None"] = relationship()

    __table_args__ = (
        UniqueConstraint("quiz_id", "question_id"),
        CheckConstraint("(question_id IS NULL) <> (tag IS NULL)", name="kind"),
        CheckConstraint("count > 0 AND (question_id IS NULL OR count = 1)", name="count"),
        CheckConstraint("difficulty IN ('easy', 'medium', 'hard')", name="difficulty"),
        CheckConstraint("points > 0", name="points"),
        # Serves the question's usage.
        Index("ix_quiz_slots_question", "question_id"),
    )
