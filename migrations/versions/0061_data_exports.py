"""Keep the archives that people ask for of their own data, until they expire."""

import sqlalchemy as sa
from alembic import op

revision = "0061"
down_revision = "0060"
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "data_exports",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("asked_at", TIME, nullable=False),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("due_at", TIME, nullable=True),
        sa.Column("ready_at", TIME, nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("state IN ('queued', 'ready', 'expired', 'failed')", name=op.f("ck_data_exports_state")),
        sa.CheckConstraint("(state = 'ready') = (sha256 IS NOT NULL)", name=op.f("ck_data_exports_bytes")),
        sa.CheckConstraint("(state IN ('queued', 'ready')) = (due_at IS NOT NULL)", name=op.f("ck_data_exports_due")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_data_exports_user_id_users"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["sha256"], ["blobs.sha256"], name=op.f("fk_data_exports_sha256_blobs")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_exports")),
    )
    op.create_index(op.f("ix_data_exports_sha256"), "data_exports", ["sha256"])
    op.create_index(
        "uq_data_exports_queued", "data_exports", ["user_id"], unique=True, postgresql_where=sa.text("state = 'queued'")
    )
    op.create_index("ix_data_exports_due", "data_exports", ["due_at"], postgresql_where=sa.text("due_at IS NOT NULL"))
    op.create_index("ix_data_exports_mine", "data_exports", ["user_id", "id"])


def downgrade() -> None:
    op.drop_table("data_exports")
