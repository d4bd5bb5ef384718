"""The machines below the labs: what the cluster has, and what is kept warm on it."""

from datetime import datetime, time
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from extensions import Model
from models.base import Id, utcnow
from models.lab import Lab
from models.leased import Leased, held_index
from models.reason_column import ReasonColumn
from reasons import Reason

WARM_STARTING, WARM_READY, WARM_STOPPING = "starting", "ready", "stopping"
# Adopting a ready one removes its row in the transaction that gives its job to a session.
WARM_TRANSITIONS = {
    WARM_STARTING: {WARM_READY, WARM_STOPPING},
    WARM_READY: {WARM_STOPPING},
    WARM_STOPPING: set[str](),
}


class ClusterState(Model):
    """What the scheduler last saw of this instance's cluster; one row an instance.

    `nodes` is a list of what each node has and runs, as in `services.labs.clusters.seen`; `down_since` is set while the
    cluster doesn't answer, and `detail` says what the backend said then.
    """

    __tablename__ = "cluster_states"

    instance: Mapped[str] = mapped_column(primary_key=True)
    seen_at: Mapped[datetime | None]
    cpu_mhz: Mapped[int] = mapped_column(default=0, server_default="0")
    memory_mb: Mapped[int] = mapped_column(default=0, server_default="0")
    nodes: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, server_default="[]")
    down_since: Mapped[datetime | None]
    detail: Mapped[Reason | None] = mapped_column(ReasonColumn)
    event_index: Mapped[int] = mapped_column(default=0, server_default="0")


class WarmLab(Leased, Model):
    """A machine that runs for nobody yet. It holds a slot like a session, and is the first to go for one.

    `definition` is the fingerprint of what it was made of; `detail` says why it couldn't be started or stopped.
    """

    __tablename__ = "warm_labs"

    id: Mapped[Id]
    lab_id: Mapped[int] = mapped_column(ForeignKey("labs.id", ondelete="CASCADE"))
    job_id: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str] = mapped_column(default=WARM_STARTING, server_default="starting")
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    ready_at: Mapped[datetime | None]
    detail: Mapped[Reason | None] = mapped_column(ReasonColumn)
    definition: Mapped[str] = mapped_column(default="", server_default="")

    lab: Mapped[Lab] = relationship()

    __table_args__ = (
        CheckConstraint("state IN ('starting', 'ready', 'stopping')", name="state"),
        held_index("warm_labs"),
        # Serves adoption, and the count of what there is.
        Index("ix_warm_labs_lab", "lab_id", "state", "id"),
    )


class WarmPlan(Model):
    """How many machines of a lab are to be warm: always, or on a weekday (0 is Monday) between two local times.

    Either `count` of them, or `percent_enrolled` of the course's students.
    """

    __tablename__ = "warm_plans"

    id: Mapped[Id]
    lab_id: Mapped[int] = mapped_column(ForeignKey("labs.id", ondelete="CASCADE"), index=True)
    weekday: Mapped[int | None]
    begins: Mapped[time | None]
    ends: Mapped[time | None]
    time_zone: Mapped[str] = mapped_column(default="UTC", server_default="UTC")
    count: Mapped[int | None]
    percent_enrolled: Mapped[int | None]

    lab: Mapped[Lab] = relationship()

    __table_args__ = (
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        CheckConstraint("(begins IS NULL) = (ends IS NULL)", name="times"),
        CheckConstraint("(count IS NULL) <> (percent_enrolled IS NULL)", name="amount"),
    )
