"""Labs, and what runs of them."""

import sqlalchemy as sa
from alembic import op


def make() -> None:
    """Make the tables."""
    op.create_table(
        "labs",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("image", sa.Text(), nullable=False),
        sa.Column("cpu_mhz", sa.BigInteger(), nullable=False),
        sa.Column("memory_mb", sa.BigInteger(), nullable=False),
        sa.Column("disk_mb", sa.BigInteger(), nullable=False),
        sa.Column("has_network", sa.Boolean(), nullable=False),
        sa.Column("idle_minutes", sa.BigInteger(), nullable=False),
        sa.Column("max_life_minutes", sa.BigInteger(), nullable=False),
        sa.Column("setup_script", sa.Text(), nullable=False),
        sa.Column("solution_script", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("template IN ('exec', 'docker', 'qemu')", name=op.f("ck_labs_template")),
        sa.CheckConstraint("idle_minutes > 0 AND max_life_minutes > 0", name=op.f("ck_labs_minutes")),
        sa.ForeignKeyConstraint(["id"], ["activities.id"], name=op.f("fk_labs_id_activities"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_labs")),
    )
    op.create_table(
        "lab_sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("lab_id", sa.BigInteger(), nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("job_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.Column("is_fresh", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("is_resetting", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_active_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("warned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'ended') = (ended_at IS NOT NULL AND reason IS NOT NULL)",
            name=op.f("ck_lab_sessions_ended"),
        ),
        sa.CheckConstraint(
            "state IN ('queued', 'starting', 'running', 'stopping', 'ended')",
            name=op.f("ck_lab_sessions_state"),
        ),
        sa.ForeignKeyConstraint(
            ["course_id"], ["courses.id"], name=op.f("fk_lab_sessions_course_id_courses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["lab_id"], ["labs.id"], name=op.f("fk_lab_sessions_lab_id_labs"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_lab_sessions_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lab_sessions")),
        sa.UniqueConstraint("job_id", name=op.f("uq_lab_sessions_job_id")),
    )
    op.create_index(op.f("ix_lab_sessions_course_id"), "lab_sessions", ["course_id"], unique=False)
    op.create_index(op.f("ix_lab_sessions_lab_id"), "lab_sessions", ["lab_id"], unique=False)
    op.create_index(
        "ix_lab_sessions_live",
        "lab_sessions",
        ["state", "queued_at", "id"],
        unique=False,
        postgresql_where="state <> 'ended'",
    )
    op.create_index("ix_lab_sessions_user", "lab_sessions", ["user_id", "queued_at"], unique=False)
    op.create_index(
        "uq_lab_sessions_active",
        "lab_sessions",
        ["user_id", "lab_id"],
        unique=True,
        postgresql_where="state <> 'ended'",
    )
    op.create_table(
        "lab_steps",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("lab_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), server_default="", nullable=False),
        sa.Column("body_md", sa.Text(), nullable=False),
        sa.Column("body_html", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["lab_id"], ["labs.id"], name=op.f("fk_lab_steps_lab_id_labs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lab_steps")),
        sa.UniqueConstraint(
            "lab_id",
            "position",
            deferrable=True,
            initially="DEFERRED",
            name=op.f("uq_lab_steps_lab_id_position"),
        ),
    )
    op.create_table(
        "lab_checks",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("lab_id", sa.BigInteger(), nullable=False),
        sa.Column("step_id", sa.BigInteger(), nullable=True),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), server_default="", nullable=False),
        sa.Column("script", sa.Text(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("hint_md", sa.Text(), nullable=False),
        sa.Column("hint_html", sa.Text(), nullable=False),
        sa.Column("timeout_s", sa.BigInteger(), nullable=False),
        sa.Column("is_archived", sa.Boolean(), server_default="false", nullable=False),
        sa.ForeignKeyConstraint(["lab_id"], ["labs.id"], name=op.f("fk_lab_checks_lab_id_labs"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["step_id"], ["lab_steps.id"], name=op.f("fk_lab_checks_step_id_lab_steps"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lab_checks")),
        sa.UniqueConstraint("lab_id", "slug", name=op.f("uq_lab_checks_lab_id_slug")),
    )
    op.create_index(op.f("ix_lab_checks_step_id"), "lab_checks", ["step_id"], unique=False)
    op.create_table(
        "check_runs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("check_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("output", sa.Text(), nullable=False),
        sa.Column("failures", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'passed', 'failed', 'error')", name=op.f("ck_check_runs_state")
        ),
        sa.ForeignKeyConstraint(
            ["check_id"],
            ["lab_checks.id"],
            name=op.f("fk_check_runs_check_id_lab_checks"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["lab_sessions.id"],
            name=op.f("fk_check_runs_session_id_lab_sessions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_check_runs")),
    )
    op.create_index(op.f("ix_check_runs_check_id"), "check_runs", ["check_id"], unique=False)
    op.create_index(
        "ix_check_runs_due",
        "check_runs",
        ["requested_at"],
        unique=False,
        postgresql_where="state IN ('queued', 'running')",
    )
    op.create_index(
        "ix_check_runs_session",
        "check_runs",
        ["session_id", "check_id", sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "uq_check_runs_open",
        "check_runs",
        ["session_id", "check_id"],
        unique=True,
        postgresql_where="state IN ('queued', 'running')",
    )


def drop() -> None:
    """Drop them."""
    op.drop_index("uq_check_runs_open", table_name="check_runs", postgresql_where="state IN ('queued', 'running')")
    op.drop_index("ix_check_runs_session", table_name="check_runs")
    op.drop_index("ix_check_runs_due", table_name="check_runs", postgresql_where="state IN ('queued', 'running')")
    op.drop_index(op.f("ix_check_runs_check_id"), table_name="check_runs")
    op.drop_table("check_runs")
    op.drop_index(op.f("ix_lab_checks_step_id"), table_name="lab_checks")
    op.drop_table("lab_checks")
    op.drop_table("lab_steps")
    op.drop_index("uq_lab_sessions_active", table_name="lab_sessions", postgresql_where="state <> 'ended'")
    op.drop_index("ix_lab_sessions_user", table_name="lab_sessions")
    op.drop_index("ix_lab_sessions_live", table_name="lab_sessions", postgresql_where="state <> 'ended'")
    op.drop_index(op.f("ix_lab_sessions_lab_id"), table_name="lab_sessions")
    op.drop_index(op.f("ix_lab_sessions_course_id"), table_name="lab_sessions")
    op.drop_table("lab_sessions")
    op.drop_table("labs")
