"""Keep the runs of the tests that grade answers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0031"
down_revision = "0030"
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "grading_runs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("attempt_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("lab_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("job_id", sa.Text(), server_default="", nullable=False),
        sa.Column("outcomes", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("reason", postgresql.JSONB(), nullable=True),
        sa.Column("requested_at", TIME, nullable=False),
        sa.Column("finished_at", TIME, nullable=True),
        sa.Column("leased_until", TIME, nullable=True),
        sa.Column("retry_at", TIME, nullable=True),
        sa.Column("tries", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("holder", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("state IN ('queued', 'running', 'done', 'error')", name=op.f("ck_grading_runs_state")),
        sa.ForeignKeyConstraint(
            ["attempt_id", "position"],
            ["attempt_items.attempt_id", "attempt_items.position"],
            name=op.f("fk_grading_runs_attempt_id_attempt_items"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_grading_runs_user_id_users"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["lab_id"], ["labs.id"], name=op.f("fk_grading_runs_lab_id_labs"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grading_runs")),
        sa.UniqueConstraint("attempt_id", "position", name=op.f("uq_grading_runs_attempt_id_position")),
    )
    op.create_index(op.f("ix_grading_runs_lab_id"), "grading_runs", ["lab_id"])
    op.create_index(
        "ix_grading_runs_due",
        "grading_runs",
        ["requested_at"],
        postgresql_where=sa.text("state IN ('queued', 'running')"),
    )
    op.create_index("ix_grading_runs_user", "grading_runs", ["user_id"], postgresql_where=sa.text("state = 'running'"))
    op.create_index(
        "ix_grading_runs_held", "grading_runs", ["holder"], postgresql_where=sa.text("leased_until IS NOT NULL")
    )


def downgrade() -> None:
    op.drop_table("grading_runs")
