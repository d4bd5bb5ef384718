"""Let people grade what no machine can: their marks with a comment, who gave them, and when."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    op.add_column("attempt_items", sa.Column("comment", sa.Text(), server_default="", nullable=False))
    op.add_column("attempt_items", sa.Column("graded_by_id", sa.BigInteger(), nullable=True))
    op.add_column("attempt_items", sa.Column("graded_at", sa.DateTime(timezone=True), nullable=True))
    op.create_foreign_key(
        op.f("fk_attempt_items_graded_by_id_users"),
        "attempt_items",
        "users",
        ["graded_by_id"],
        ["id"],
        ondelete="SET NULL",
    )
    op.create_index(
        "ix_attempts_waiting",
        "attempts",
        ["quiz_id", "closed_at"],
        postgresql_where=sa.text("state = 'needs_grading'"),
    )


def downgrade() -> None:
    op.drop_index("ix_attempts_waiting", table_name="attempts")
    op.drop_constraint(op.f("fk_attempt_items_graded_by_id_users"), "attempt_items", type_="foreignkey")
    for name in ("graded_at", "graded_by_id", "comment"):
        op.drop_column("attempt_items", name)
