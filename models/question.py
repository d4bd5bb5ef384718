"""A question of a course's bank. It has versions, so that an attempt keeps what its student saw."""

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from extensions import Model
from models.base import Id
from models.quiz import Quiz

DRAFT, IN_REVIEW, READY, RETIRED = "draft", "in_review", "ready", "retired"
STATES = (DRAFT, IN_REVIEW, READY, RETIRED)
# Only what is ready is asked; what was retired is looked at again before it comes back.
TRANSITIONS: dict[str, set[str]] = {
    DRAFT: {IN_REVIEW, RETIRED},
    IN_REVIEW: {DRAFT, READY, RETIRED},
    READY: {IN_REVIEW, RETIRED},
    RETIRED: {DRAFT, IN_REVIEW},
}
# What its author expects; how hard it turned out to be is the item analysis' to say.
DIFFICULTIES = ("easy", "medium", "hard")


class Question(Model):
    """A question of a course; `current` is the version that new attempts get.

    `quiz_id` is the quiz in whose file it is written, and `slug` is unique there. Without one it stands in the bank
    itself, in the bank's file called `file`, and `slug` is unique among those. Any quiz of the course may ask it.
    `is_imported` says that a course's folder has named it: when the folder no longer does, it is archived.
    """

    __tablename__ = "questions"

    id: Mapped[Id]
    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"))
    quiz_id: Mapped[int | None] = mapped_column(ForeignKey("quizzes.id", ondelete="CASCADE"))
    file: Mapped[str] = mapped_column(default="", server_default="")
    slug: Mapped[str]
    position: Mapped[int]
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")
    difficulty: Mapped[str | None]
    state: Mapped[str] = mapped_column(default=READY, server_default=READY)
    is_imported: Mapped[bool] = mapped_column(default=False, server_default="false")
    is_archived: Mapped[bool] = mapped_column(default=False, server_default="false")
    # use_alter: the two tables point at each other.
    current_id: Mapped[int | None] = mapped_column(
        ForeignKey("question_versions.id", use_alter=True, name="fk_questions_current_id_question_versions")
    )

    quiz: Mapped[Quiz | None] = relationship(back_populates="questions")
    current: Mapped["QuestionVersion | None"] = relationship(foreign_keys=[current_id], post_update=True)

    __table_args__ = (
        UniqueConstraint("quiz_id", "slug"),
        CheckConstraint("state IN ('draft', 'in_review', 'ready', 'retired')", name="state"),
        CheckConstraint("difficulty IN ('easy', 'medium', 'hard')", name="difficulty"),
        Index("uq_questions_bank", "course_id", "slug", unique=True, postgresql_where="quiz_id IS NULL"),
        # Serves the pages of a bank, and the draws of a quiz.
        Index("ix_questions_course", "course_id", "slug", "id"),
    )


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
    # In their order, each {"text", "html", "price"}; question_hints.py says what a price is.
    hints: Mapped[list[dict[str, str]]] = mapped_column(JSONB, default=list, server_default="[]")

    # What graders may find in an answer, each {"slug", "text", "points"}: question_rubrics.py.
    rubric: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, server_default="[]")

    question: Mapped[Question] = relationship(foreign_keys=[question_id])

    __table_args__ = (UniqueConstraint("question_id", "number"),)
