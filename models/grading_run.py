"""A run of a student's program in a machine of its own: by the tests that grade it, or as a trial."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, false
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from extensions import Model
from models.attempt import AttemptItem
from models.base import Id, utcnow
from models.lab import Lab
from models.leased import Leased, held_index
from models.reason_column import ReasonColumn
from models.regrade import Regrade
from reasons import Reason

RUN_QUEUED, RUN_RUNNING, RUN_DONE, RUN_ERROR = "queued", "running", "done", "error"
OPEN_RUNS = (RUN_QUEUED, RUN_RUNNING)


class GradingRun(Leased, Model):
    """The tests of one answer: queued when its attempt is handed in, carried out by the scheduler, once.

    A trial is the same before that, as often as its student wants it: it marks nothing, and the next one takes its row.
    `program` is then what runs, and `stdin` what it reads; without one the tests run that aren't hidden.

    `job_id` is the machine's, anew for each try; `outcomes` has a row for each test in their order. `reason` says why
    they were not run: then a person grades the answer.

    With `draft_id` it runs the key of a question that a model has drafted (services/generations/keys.py): it is of no
    attempt, `program` is the answer, and it marks nothing.

    With `regrade_id` the tests are those of the version whose key a regrade lets count (services/quizzes/reruns.py).
    """

    __tablename__ = "grading_runs"

    id: Mapped[Id]
    # NULL for the key of a draft, which is judged apart: nothing that is about attempts sees such a run.
    attempt_id: Mapped[int] = mapped_column(nullable=True)
    position: Mapped[int] = mapped_column(nullable=True)
    draft_id: Mapped[int | None] = mapped_column(ForeignKey("generation_drafts.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    lab_id: Mapped[int | None] = mapped_column(ForeignKey("labs.id", ondelete="SET NULL"), index=True)
    state: Mapped[str] = mapped_column(default=RUN_QUEUED)
    job_id: Mapped[str] = mapped_column(default="", server_default="")
    is_trial: Mapped[bool] = mapped_column(default=False, server_default=false())
    regrade_id: Mapped[int | None] = mapped_column(ForeignKey("regrades.id", ondelete="CASCADE"))
    program: Mapped[str | None]
    stdin: Mapped[str | None]
    outcomes: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, server_default="[]")
    reason: Mapped[Reason | None] = mapped_column(ReasonColumn)
    requested_at: Mapped[datetime] = mapped_column(default=utcnow)
    finished_at: Mapped[datetime | None]

    lab: Mapped[Lab | None] = relationship()
    item: Mapped[AttemptItem] = relationship()
    regrade: Mapped[Regrade | None] = relationship()

    __table_args__ = (
        ForeignKeyConstraint(
            ["attempt_id", "position"], ["attempt_items.attempt_id", "attempt_items.position"], ondelete="CASCADE"
        ),
        # An answer is run once, however often its attempt is closed or a run is taken over.
        Index(
            "uq_grading_runs_answer",
            *("attempt_id", "position", "is_trial"),
            unique=True,
            postgresql_where="regrade_id IS NULL",
        ),
        # A draft's newest edit is run in the row of the one before.
        Index("uq_grading_runs_draft", "draft_id", unique=True, postgresql_where="draft_id IS NOT NULL"),
        CheckConstraint("(draft_id IS NULL) = (attempt_id IS NOT NULL AND position IS NOT NULL)", name="whose"),
        # Once for each regrade, too. Serves its progress, and what its tests said.
        UniqueConstraint("regrade_id", "attempt_id", "position"),
        CheckConstraint("state IN ('queued', 'running', 'done', 'error')", name="state"),
        # Serves the scheduler's claims, and what machines hold.
        Index("ix_grading_runs_due", "requested_at", postgresql_where="state IN ('queued', 'running')"),
        # Serves the rule that a student's runs follow each other.
        Index("ix_grading_runs_user", "user_id", postgresql_where="state = 'running'"),
        held_index("grading_runs"),
    )
