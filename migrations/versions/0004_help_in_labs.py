"""Make room for help in labs: who still looks, who has read what, labs kept for a while, saves asked for."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("lab_visits", sa.Column("seen_at", TIME, server_default=sa.func.now(), nullable=False))
    op.add_column("lab_sessions", sa.Column("kept_until", TIME, nullable=True))
    op.add_column("lab_sessions", sa.Column("save_requested_at", TIME, nullable=True))
    op.create_index("ix_lab_visits_seen", "lab_visits", ["seen_at"], postgresql_where="ended_at IS NULL")
    op.create_index(
        "ix_lab_sessions_save_requested",
        "lab_sessions",
        ["save_requested_at"],
        postgresql_where="save_requested_at IS NOT NULL",
    )
    op.create_table(
        "lab_reads",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["lab_sessions.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("session_id", "user_id", name=op.f("pk_lab_reads")),
    )


def downgrade() -> None:
    op.drop_table("lab_reads")
    op.drop_index("ix_lab_sessions_save_requested", table_name="lab_sessions")
    op.drop_index("ix_lab_visits_seen", table_name="lab_visits")
    op.drop_column("lab_sessions", "save_requested_at")
    op.drop_column("lab_sessions", "kept_until")
    op.drop_column("lab_visits", "seen_at")
