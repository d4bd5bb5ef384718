"""Keep the files that students hand in."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    op.create_table(
        "attempt_files",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("attempt_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("size > 0", name=op.f("ck_attempt_files_size")),
        sa.ForeignKeyConstraint(
            ["attempt_id", "position"],
            ["attempt_items.attempt_id", "attempt_items.position"],
            name=op.f("fk_attempt_files_attempt_id_attempt_items"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["sha256"], ["blobs.sha256"], name=op.f("fk_attempt_files_sha256_blobs")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt_files")),
    )
    op.create_index(op.f("ix_attempt_files_sha256"), "attempt_files", ["sha256"])
    op.create_index("uq_attempt_files_once", "attempt_files", ["attempt_id", "position", "sha256", "name"], unique=True)


def downgrade() -> None:
    op.drop_table("attempt_files")
