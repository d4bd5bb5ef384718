"""Let questions have hints with a price, and note which a student took."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0029"
down_revision = "0028"
MARKS = sa.Numeric(40, 30)


def upgrade() -> None:
    op.add_column(
        "question_versions", sa.Column("hints", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False)
    )
    op.add_column("attempt_items", sa.Column("hint_cost", MARKS, server_default="0", nullable=False))
    op.create_table(
        "hints_taken",
        sa.Column("attempt_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("cost", MARKS, nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("number > 0", name=op.f("ck_hints_taken_number")),
        sa.CheckConstraint("cost >= 0", name=op.f("ck_hints_taken_cost")),
        sa.ForeignKeyConstraint(
            ["attempt_id", "position"],
            ["attempt_items.attempt_id", "attempt_items.position"],
            name=op.f("fk_hints_taken_attempt_id_attempt_items"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("attempt_id", "position", "number", name=op.f("pk_hints_taken")),
    )


def downgrade() -> None:
    op.drop_table("hints_taken")
    op.drop_column("attempt_items", "hint_cost")
    op.drop_column("question_versions", "hints")
