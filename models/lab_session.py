"""A student's running lab, and the checks asked for in it."""

import uuid
from datetime import datetime
from typing import Any, Literal, get_args

from sqlalchemy import CheckConstraint, ForeignKey, Index, desc, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, column_property, mapped_column, relationship

from extensions import Model
from models.accommodation import Accommodation
from models.base import Id, utcnow
from models.course import Course
from models.lab import Lab, LabCheck
from models.leased import Leased, held_index
from models.reason_column import ReasonColumn
from models.user import User
from reasons import Reason

# The states of a lab: the one list of them, for the API, the metrics and the CHECK.
OpenState = Literal["queued", "starting", "running", "stopping"]
State = Literal[OpenState, "ended"]
OPEN_STATES: tuple[str, ...] = get_args(OpenState)
STATES: tuple[str, ...] = get_args(State)
QUEUED, STARTING, RUNNING, STOPPING, ENDED = STATES
# A reset stops the machine and queues the session again. A session whose work can't be saved goes on instead.
TRANSITIONS = {
    QUEUED: {STARTING, ENDED},
    STARTING: {RUNNING, STOPPING, QUEUED, ENDED},
    RUNNING: {STOPPING, ENDED},
    STOPPING: {ENDED, QUEUED, RUNNING},
    ENDED: set[str](),
}
# How a lab ended: `reason` of its row. "admin": the account is being erased.
END_REASONS = ("user", "idle", "age", "failed", "lost", "course", "admin", "platform")


class LabSession(Leased, Model):
    """One lab of one student, from click to collection. `job_id` names it to the backend and to operators.

    `waiting_for` says why it still waits; `activity` holds the last time of each kind of use in ISO 8601 (`input`,
    `check`, `http`, `cpu`, `page`) and `cpu_percent`; `save_error` says why its work can't be saved. `reason` is how it
    ended, and `detail` says more of that; before it has ended, `detail` says why its previous machine wasn't saved.
    Until `kept_until` it isn't stopped for idleness; since `save_requested_at` a save is asked for. `is_settled`: it is
    stopping, and its work is saved or can't be. `restore_id` is the save that its next machine begins with.
    `claimed_at` is when its machine was last begun; None while it waits for the cluster to answer.
    """

    __tablename__ = "lab_sessions"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    lab_id: Mapped[int] = mapped_column(ForeignKey("labs.id", ondelete="CASCADE"), index=True)
    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"), index=True)
    job_id: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str] = mapped_column(default=QUEUED)
    reason: Mapped[str | None]
    detail: Mapped[Reason | None] = mapped_column(ReasonColumn)
    is_fresh: Mapped[bool] = mapped_column(default=False, server_default="false")
    is_resetting: Mapped[bool] = mapped_column(default=False, server_default="false")
    queued_at: Mapped[datetime] = mapped_column(default=utcnow)
    claimed_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    last_active_at: Mapped[datetime | None]
    warned_at: Mapped[datetime | None]
    warned_last_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    waiting_for: Mapped[Reason | None] = mapped_column(ReasonColumn)
    node: Mapped[str] = mapped_column(default="", server_default="")
    is_warm: Mapped[bool] = mapped_column(default=False, server_default="false")
    activity: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    saved_at: Mapped[datetime | None]
    save_error: Mapped[Reason | None] = mapped_column(ReasonColumn)
    hand_raised_at: Mapped[datetime | None]
    hand_note: Mapped[str] = mapped_column(default="", server_default="")
    kept_until: Mapped[datetime | None]
    save_requested_at: Mapped[datetime | None]
    is_settled: Mapped[bool] = mapped_column(default=False, server_default="false")
    restore_id: Mapped[int | None] = mapped_column(
        ForeignKey("lab_saves.id", ondelete="SET NULL", use_alter=True), index=True
    )

    user: Mapped[User] = relationship()
    lab: Mapped[Lab] = relationship()
    course: Mapped[Course] = relationship()
    # For how much longer than others' it may idle, by its student's accommodation; read with the row, without a join.
    idle_percent: Mapped[int] = column_property(
        select(func.coalesce(func.max(Accommodation.idle_percent), 100))
        .where(Accommodation.course_id == course_id, Accommodation.user_id == user_id)
        .correlate_except(Accommodation)
        .scalar_subquery()
    )

    __table_args__ = (
        CheckConstraint(f"state IN {STATES}", name="state"),
        CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL AND reason IS NOT NULL)", name="ended"),
        # One active session a student and lab, whatever races.
        Index("uq_lab_sessions_active", "user_id", "lab_id", unique=True, postgresql_where="state <> 'ended'"),
        # Serves the scheduler's claims, the queue's positions and the count against the limits.
        Index("ix_lab_sessions_live", "state", "queued_at", "id", postgresql_where="state <> 'ended'"),
        # Serves the expected wait: how long labs have lasted lately.
        Index("ix_lab_sessions_ended", "lab_id", "ended_at", postgresql_where="state = 'ended'"),
        # Serves the scheduler, which carries out the saves that were asked for.
        Index("ix_lab_sessions_save_requested", "save_requested_at", postgresql_where="save_requested_at IS NOT NULL"),
        held_index("lab_sessions"),
        # Serves "my labs".
        Index("ix_lab_sessions_user", "user_id", "queued_at"),
    )


class CheckRun(Leased, Model):
    """One run of a check in a session: asked for by the student, carried out by the scheduler.

    `output` is what the script printed; `reason` says why there is no more of it.
    """

    __tablename__ = "check_runs"

    id: Mapped[Id]
    session_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("lab_sessions.id", ondelete="CASCADE"))
    check_id: Mapped[int] = mapped_column(ForeignKey("lab_checks.id", ondelete="CASCADE"), index=True)
    state: Mapped[str] = mapped_column(default="queued")
    output: Mapped[str] = mapped_column(default="")
    reason: Mapped[Reason | None] = mapped_column(ReasonColumn)
    requested_at: Mapped[datetime] = mapped_column(default=utcnow)
    finished_at: Mapped[datetime | None]

    session: Mapped[LabSession] = relationship()
    check: Mapped[LabCheck] = relationship()

    __table_args__ = (
        CheckConstraint("state IN ('queued', 'running', 'passed', 'failed', 'error')", name="state"),
        # One run at a time of a check in a session: a second click joins the first.
        Index(
            "uq_check_runs_open",
            "session_id",
            "check_id",
            unique=True,
            postgresql_where="state IN ('queued', 'running')",
        ),
        # Serves the scheduler's claims.
        Index("ix_check_runs_due", "requested_at", postgresql_where="state IN ('queued', 'running')"),
        held_index("check_runs"),
        # Serves the lab page: the latest run of each check.
        Index("ix_check_runs_session", "session_id", "check_id", desc("id")),
    )
