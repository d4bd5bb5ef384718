"""A quiz and its questions. Questions have versions, so that an attempt keeps what its student saw."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Numeric, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from extensions import Model
from models.base import Id
from models.course import Activity

# Which of a student's scores at a quiz counts; services/quizzes/scores.py holds what each means.
BEST, LAST, FIRST, AVERAGE = "best", "last", "first", "average"


class Quiz(Activity):
    """A quiz. `points` is what a perfect attempt earns on the leaderboard; only improvement earns again."""

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
    reveal_score: Mapped[str] = mapped_column(default="submitted", server_default="submitted")
    reveal_correctness: Mapped[str] = mapped_column(default="submitted", server_default="submitted")
    reveal_answer: Mapped[str] = mapped_column(default="submitted", server_default="submitted")
    reveal_feedback: Mapped[str] = mapped_column(default="submitted", server_default="submitted")

    questions: Mapped[list["Question"]] = relationship(order_by="Question.position", back_populates="quiz")

    __mapper_args__ = {"polymorphic_identity": "quiz"}
    __table_args__ = (  # type: ignore[assignment]  # of another table than the parent's
        CheckConstraint("time_limit_s > 0", name="time_limit"),
        CheckConstraint("attempts_allowed > 0", name="attempts_allowed"),
        CheckConstraint("cooldown_minutes >= 0", name="cooldown_minutes"),
        CheckConstraint("opens_at < closes_at AND due_at <= closes_at AND due_at >= opens_at", name="window"),
        *(
            CheckConstraint(f"{name} IN ('never', 'submitted', 'closed')", name=name)
            for name in ("reveal_score", "reveal_correctness", "reveal_answer", "reveal_feedback")
        ),
        CheckConstraint("counts IN ('best', 'last', 'first', 'average')", name="counts"),
    )


class Question(Model):
    """A place in a quiz; `current` is the version that new attempts get."""

    __tablename__ = "questions"

    id: Mapped[Id]
    quiz_id: Mapped[int] = mapped_column(ForeignKey("quizzes.id", ondelete="CASCADE"))
    slug: Mapped[str]
    position: Mapped[int]
    is_archived: Mapped[bool] = mapped_column(default=False, server_default="false")
    # use_alter: the two tables point at each other.
    current_id: Mapped[int | None] = mapped_column(
        ForeignKey("question_versions.id", use_alter=True, name="fk_questions_current_id_question_versions")
    )

    quiz: Mapped[Quiz] = relationship(back_populates="questions")
    current: Mapped["QuestionVersion | None"] = relationship(foreign_keys=[current_id], post_update=True)

    __table_args__ = (UniqueConstraint("quiz_id", "slug"),)


class QuestionVersion(Model):
    """What a question said at one time. Never changed once written; `spec` is the kind's own."""

    __tablename__ = "question_versions"

    id: Mapped[Id]
    question_id: Mapped[int] = mapped_column(ForeignKey("questions.id", ondelete="CASCADE"))
    number: Mapped[int]
    kind: Mapped[str]
    prompt_md: Mapped[str]
    prompt_html: Mapped[str]
    points: Mapped[float] = mapped_column(Numeric(8, 2, asdecimal=False), default=1)
    spec: Mapped[dict[str, Any]] = mapped_column(JSONB)
    feedback_md: Mapped[str] = mapped_column(default="")
    feedback_html: Mapped[str] = mapped_column(default="")

    question: Mapped[Question] = relationship(foreign_keys=[question_id])

    __table_args__ = (UniqueConstraint("question_id", "number"),)
