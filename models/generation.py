"""What a language model is asked for: questions, with the drafts that came of it; a comment on an answer; a hint."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from extensions import Model
from models.base import Id, utcnow
from models.course import Course
from models.lab import Lab
from models.leased import Leased, held_index
from models.question import Question
from models.reason_column import ReasonColumn
from models.user import User
from reasons import Reason

GENERATION_QUEUED, GENERATION_RUNNING, GENERATION_DONE, GENERATION_FAILED = "queued", "running", "done", "failed"
OPEN_GENERATIONS = (GENERATION_QUEUED, GENERATION_RUNNING)
# A generation is run call by call, and queued between two of them. A person may ask a closed one for more.
GENERATION_TRANSITIONS: dict[str, set[str]] = {
    GENERATION_QUEUED: {GENERATION_RUNNING},
    GENERATION_RUNNING: {GENERATION_QUEUED, GENERATION_DONE, GENERATION_FAILED},
    GENERATION_DONE: {GENERATION_QUEUED},
    GENERATION_FAILED: {GENERATION_QUEUED},
}

# What is asked for. A comment is for whoever grades an answer, a hint for the student whose check has failed.
QUESTIONS, COMMENT, HINT = "questions", "comment", "hint"
AIDS = (COMMENT, HINT)

# A call is written down before it is made. `refused` costs nothing; `lost` may have cost all of what was reserved.
CALL_STARTED, CALL_ANSWERED, CALL_REFUSED, CALL_LOST = "started", "answered", "refused", "lost"

CHECKING, PENDING, ACCEPTED, REJECTED = "checking", "pending", "accepted", "rejected"
REFUSED, REGENERATING, REPLACED = "refused", "regenerating", "replaced"
# A lab runs the answer of a question about code: nobody may accept it before that.
RUNNING_KEY = "running_key"
DRAFT_TRANSITIONS: dict[str, set[str]] = {
    CHECKING: {PENDING},
    RUNNING_KEY: {PENDING, REFUSED},
    PENDING: {ACCEPTED, REJECTED, REGENERATING, RUNNING_KEY},
    REFUSED: {REGENERATING, RUNNING_KEY},
    REGENERATING: {PENDING, REFUSED, REPLACED},
    ACCEPTED: set(),
    REJECTED: set(),
    REPLACED: set(),
}


class Generation(Leased, Model):
    """What somebody asked a model for: `count` questions of these kinds from these lessons; or, by its `purpose`, a
    comment on an answer or a hint for a check. Of these two `messages` are what is sent, as it was shown before, and
    `said` is what came of it.

    `turn` counts the claims: only the newest writes what came of it. `round` counts how often a person asked, and
    `wanted` is how many questions this round is to write. `key` is the caller's own, by which a repetition is known.
    """

    __tablename__ = "generations"

    id: Mapped[Id]
    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    key: Mapped[str | None]
    purpose: Mapped[str] = mapped_column(default=QUESTIONS, server_default=QUESTIONS)
    messages: Mapped[list[dict[str, str]] | None] = mapped_column(JSONB(none_as_null=True))
    said: Mapped[str | None]
    # The answer that a comment is on, the check that a hint is for: what was sent of a student goes when these go.
    attempt_id: Mapped[int | None] = mapped_column(ForeignKey("attempts.id", ondelete="CASCADE"))
    position: Mapped[int | None]
    session_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("lab_sessions.id", ondelete="CASCADE"))
    check_id: Mapped[int | None] = mapped_column(ForeignKey("lab_checks.id", ondelete="CASCADE"))
    # A student asked, for questions to practise.
    for_practice: Mapped[bool] = mapped_column(default=False, server_default="false")
    lesson_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    kinds: Mapped[list[str]] = mapped_column(ARRAY(Text))
    # Where programs are run by their tests.
    lab_id: Mapped[int | None] = mapped_column(ForeignKey("labs.id", ondelete="SET NULL"), index=True)
    count: Mapped[int]
    difficulty: Mapped[str | None]
    language: Mapped[str]
    prompt_version: Mapped[str]
    state: Mapped[str] = mapped_column(default=GENERATION_QUEUED)
    turn: Mapped[int] = mapped_column(default=0, server_default="0")
    round: Mapped[int] = mapped_column(default=1, server_default="1")
    wanted: Mapped[int]
    reason: Mapped[Reason | None] = mapped_column(ReasonColumn)
    requested_at: Mapped[datetime] = mapped_column(default=utcnow)
    finished_at: Mapped[datetime | None]

    course: Mapped[Course] = relationship()
    user: Mapped[User | None] = relationship()
    lab: Mapped[Lab | None] = relationship()
    drafts: Mapped[list["GenerationDraft"]] = relationship(
        order_by="GenerationDraft.number", back_populates="generation", passive_deletes=True
    )
    calls: Mapped[list["GenerationCall"]] = relationship(order_by="GenerationCall.number", passive_deletes=True)

    __table_args__ = (
        # A request that is sent again is the same one.
        UniqueConstraint("user_id", "key"),
        CheckConstraint("state IN ('queued', 'running', 'done', 'failed')", name="state"),
        CheckConstraint("purpose IN ('questions', 'comment', 'hint')", name="purpose"),
        CheckConstraint("(purpose = 'questions') = (messages IS NULL)", name="messages"),
        CheckConstraint("difficulty IN ('easy', 'medium', 'hard')", name="difficulty"),
        CheckConstraint("count BETWEEN 1 AND 20 AND wanted BETWEEN 0 AND 20", name="count"),
        # Serves the list of a course, the newest first.
        Index("ix_generations_course", "course_id", "id"),
        # Serves the page on which an answer is graded, and the end of an attempt's row.
        Index("ix_generations_answer", "attempt_id", "position", postgresql_where="attempt_id IS NOT NULL"),
        # Serves the hints of a lab, and the end of its row.
        Index("ix_generations_lab", "session_id", "check_id", postgresql_where="session_id IS NOT NULL"),
        Index("ix_generations_check", "check_id", postgresql_where="check_id IS NOT NULL"),
        # Serves the scheduler's claims.
        Index("ix_generations_due", "requested_at", postgresql_where="state IN ('queued', 'running')"),
        held_index("generations"),
    )


class GenerationCall(Model):
    """One call to the model: written before it is made, with what it may cost; then what it did cost, and its answer.

    `sent` are its messages, word for word. `piece` names the part of the work. It is answered once, so it is paid once.
    `tokens` and `cost` (in millionths of the currency) are what the budgets count: what is reserved while nobody knows
    better.
    """

    __tablename__ = "generation_calls"

    id: Mapped[Id]
    generation_id: Mapped[int] = mapped_column(ForeignKey("generations.id", ondelete="CASCADE"))
    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    number: Mapped[int]
    piece: Mapped[str]
    state: Mapped[str] = mapped_column(default=CALL_STARTED)
    model: Mapped[str]
    # None of calls of before these were kept.
    sent: Mapped[list[dict[str, str]] | None] = mapped_column(JSONB(none_as_null=True), deferred=True)
    tokens: Mapped[int]
    cost: Mapped[int] = mapped_column(BigInteger)
    tokens_in: Mapped[int | None]
    tokens_out: Mapped[int | None]
    raw: Mapped[str | None]
    reason: Mapped[Reason | None] = mapped_column(ReasonColumn)
    made_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    judged_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("generation_id", "number"),
        Index("uq_generation_calls_started", "generation_id", unique=True, postgresql_where="state = 'started'"),
        Index("uq_generation_calls_paid", "generation_id", "piece", unique=True, postgresql_where="state = 'answered'"),
        CheckConstraint("state IN ('started', 'answered', 'refused', 'lost')", name="state"),
        CheckConstraint("tokens >= 0 AND cost >= 0", name="spent"),
        CheckConstraint("(state = 'answered') = (raw IS NOT NULL)", name="raw"),
        # Serves the budgets of a day.
        Index("ix_generation_calls_made", "made_at"),
    )

    @property
    def is_judged(self) -> bool:
        """Whether what it brought has been looked at."""
        return self.judged_at is not None


class GenerationDraft(Model):
    """A question that the model wrote: the document as the API of the bank takes it, and who decided what about it.

    `citations` are spans of lessons, each {"lesson", "start", "end", "quote"}: services/generations/material.py.
    `findings` are what the checks found, each {"weight", "reason"}: services/generations/findings.py. `note` is why it
    was rejected, or what is to be different when it is written again, for which `asked_again` counts.
    """

    __tablename__ = "generation_drafts"

    id: Mapped[Id]
    generation_id: Mapped[int] = mapped_column(ForeignKey("generations.id", ondelete="CASCADE"))
    call_id: Mapped[int] = mapped_column(ForeignKey("generation_calls.id", ondelete="CASCADE"))
    number: Mapped[int]
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    citations: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    findings: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    state: Mapped[str]
    note: Mapped[str] = mapped_column(default="", server_default="")
    asked_again: Mapped[int] = mapped_column(default=0, server_default="0")
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("generation_drafts.id", ondelete="SET NULL"))
    reviewer_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    reviewed_at: Mapped[datetime | None]
    question_id: Mapped[int | None] = mapped_column(ForeignKey("questions.id", ondelete="SET NULL"))

    generation: Mapped[Generation] = relationship(back_populates="drafts")
    reviewer: Mapped[User | None] = relationship()
    question: Mapped[Question | None] = relationship()

    __table_args__ = (
        UniqueConstraint("generation_id", "number"),
        CheckConstraint(
            "state IN ('checking', 'running_key', 'pending', 'accepted', 'rejected', 'refused', 'regenerating', "
            "'replaced')",
            name="state",
        ),
        CheckConstraint("state <> 'rejected' OR note <> ''", name="rejected"),
        # Serves the deletion of a question, and the figures of those that were accepted.
        Index("ix_generation_drafts_question", "question_id", postgresql_where="question_id IS NOT NULL"),
    )


class ModelConsent(Model):
    """A student lets a course's model read what they wrote there. Without the row it isn't sent."""

    __tablename__ = "model_consents"

    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    given_at: Mapped[datetime] = mapped_column(default=utcnow)

    # Serves the end of an account.
    __table_args__ = (Index("ix_model_consents_user", "user_id"),)
