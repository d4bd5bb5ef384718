"""Make room for labs on a cluster: warm machines, saved work, verdicts, timelines, help."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"

ID = (sa.BigInteger(), sa.Identity(always=False))
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    for column in (
        sa.Column("memory_max_mb", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("kernel", sa.Text(), server_default="", nullable=False),
        sa.Column("initrd", sa.Text(), server_default="", nullable=False),
        sa.Column("kernel_args", sa.Text(), server_default="", nullable=False),
        sa.Column("ports", postgresql.ARRAY(sa.BigInteger()), server_default="{}", nullable=False),
        sa.Column("busy_cpu_percent", sa.BigInteger(), server_default="10", nullable=False),
        sa.Column("save_limit_mb", sa.BigInteger(), server_default="64", nullable=False),
    ):
        op.add_column("labs", column)
    op.add_column("lab_steps", sa.Column("solution_md", sa.Text(), server_default="", nullable=False))
    op.add_column("lab_steps", sa.Column("solution_html", sa.Text(), server_default="", nullable=False))
    op.add_column("lab_steps", sa.Column("solution_file", sa.Text(), server_default="", nullable=False))
    for column in (
        sa.Column("activity", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("warned_last_at", TIME, nullable=True),
        sa.Column("waiting_for", sa.Text(), server_default="", nullable=False),
        sa.Column("node", sa.Text(), server_default="", nullable=False),
        sa.Column("is_warm", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("saved_at", TIME, nullable=True),
        sa.Column("save_error", sa.Text(), server_default="", nullable=False),
        sa.Column("hand_raised_at", TIME, nullable=True),
        sa.Column("hand_note", sa.Text(), server_default="", nullable=False),
    ):
        op.add_column("lab_sessions", column)
    op.create_index("ix_lab_sessions_ended", "lab_sessions", ["lab_id", "ended_at"], postgresql_where="state = 'ended'")
    _events()
    _saves()
    _warm()
    _help()
    op.create_table(
        "cluster_states",
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("seen_at", TIME, nullable=True),
        sa.Column("cpu_mhz", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("memory_mb", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("nodes", postgresql.JSONB(), server_default="[]", nullable=False),
        sa.Column("down_since", TIME, nullable=True),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.Column("event_index", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("instance", name=op.f("pk_cluster_states")),
    )


def _session_id() -> tuple[sa.Column, sa.ForeignKeyConstraint]:
    return (
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["lab_sessions.id"], ondelete="CASCADE"),
    )


def _events() -> None:
    op.create_table(
        "lab_events",
        sa.Column("id", *ID, nullable=False),
        *_session_id(),
        sa.Column("at", TIME, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("detail", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lab_events")),
    )
    op.create_index("ix_lab_events_session", "lab_events", ["session_id", "id"])
    op.create_table(
        "idle_verdicts",
        sa.Column("id", *ID, nullable=False),
        *_session_id(),
        sa.Column("at", TIME, nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("facts", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idle_verdicts")),
    )
    op.create_index("ix_idle_verdicts_session", "idle_verdicts", ["session_id", "id"])


def _saves() -> None:
    op.create_table(
        "lab_saves",
        sa.Column("id", *ID, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("lab_id", sa.BigInteger(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("files", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["lab_id"], ["labs.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["session_id"], ["lab_sessions.id"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["sha256"], ["blobs.sha256"]),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lab_saves")),
    )
    op.create_index("ix_lab_saves_newest", "lab_saves", ["user_id", "lab_id", sa.text("id DESC")])
    op.create_index("ix_lab_saves_sha256", "lab_saves", ["sha256"])
    op.create_index("ix_lab_saves_session_id", "lab_saves", ["session_id"])


def _warm() -> None:
    op.create_table(
        "warm_labs",
        sa.Column("id", *ID, nullable=False),
        sa.Column("lab_id", sa.BigInteger(), nullable=False),
        sa.Column("job_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="starting", nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("claimed_at", TIME, nullable=True),
        sa.Column("ready_at", TIME, nullable=True),
        sa.Column("failures", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("next_try_at", TIME, nullable=True),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("state IN ('starting', 'ready', 'stopping')", name=op.f("ck_warm_labs_state")),
        sa.ForeignKeyConstraint(["lab_id"], ["labs.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_warm_labs")),
        sa.UniqueConstraint("job_id", name=op.f("uq_warm_labs_job_id")),
    )
    op.create_index("ix_warm_labs_lab", "warm_labs", ["lab_id", "state", "id"])
    op.create_table(
        "warm_plans",
        sa.Column("id", *ID, nullable=False),
        sa.Column("lab_id", sa.BigInteger(), nullable=False),
        sa.Column("weekday", sa.BigInteger(), nullable=True),
        sa.Column("begins", sa.Time(), nullable=True),
        sa.Column("ends", sa.Time(), nullable=True),
        sa.Column("time_zone", sa.Text(), server_default="UTC", nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=True),
        sa.Column("percent_enrolled", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_warm_plans_weekday")),
        sa.CheckConstraint("(begins IS NULL) = (ends IS NULL)", name=op.f("ck_warm_plans_times")),
        sa.CheckConstraint("(count IS NULL) <> (percent_enrolled IS NULL)", name=op.f("ck_warm_plans_amount")),
        sa.ForeignKeyConstraint(["lab_id"], ["labs.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_warm_plans")),
    )
    op.create_index("ix_warm_plans_lab_id", "warm_plans", ["lab_id"])


def _help() -> None:
    op.create_table(
        "lab_visits",
        sa.Column("id", *ID, nullable=False),
        *_session_id(),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("began_at", TIME, nullable=False),
        sa.Column("asked_at", TIME, nullable=True),
        sa.Column("consented_at", TIME, nullable=True),
        sa.Column("ended_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lab_visits")),
    )
    op.create_index(
        "uq_lab_visits_open", "lab_visits", ["session_id", "user_id"], unique=True, postgresql_where="ended_at IS NULL"
    )
    op.create_table(
        "lab_messages",
        sa.Column("id", *ID, nullable=False),
        *_session_id(),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sent_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lab_messages")),
    )
    op.create_index("ix_lab_messages_session", "lab_messages", ["session_id", "id"])


def downgrade() -> None:
    for table in (
        "lab_messages",
        "lab_visits",
        "warm_plans",
        "warm_labs",
        "lab_saves",
        "idle_verdicts",
        "lab_events",
        "cluster_states",
    ):
        op.drop_table(table)
    op.drop_index("ix_lab_sessions_ended", table_name="lab_sessions")
    for column in (
        *("activity", "warned_last_at", "waiting_for", "node", "is_warm", "saved_at", "save_error"),
        *("hand_raised_at", "hand_note"),
    ):
        op.drop_column("lab_sessions", column)
    for column in ("solution_md", "solution_html", "solution_file"):
        op.drop_column("lab_steps", column)
    for column in ("memory_max_mb", "kernel", "initrd", "kernel_args", "ports", "busy_cpu_percent", "save_limit_mb"):
        op.drop_column("labs", column)
