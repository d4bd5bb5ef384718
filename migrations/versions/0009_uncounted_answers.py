"""Remember when and in which tab an answer was typed, and the answers that don't count.

Revisions beyond a million were never counted up to: one answer had used nearly all numbers, so that every later answer
was refused. They begin anew.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("attempt_items", sa.Column("typed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("attempt_items", sa.Column("tab", sa.Text(), server_default="", nullable=False))
    op.create_table(
        "uncounted_answers",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("attempt_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("response", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("typed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tab", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("why IN ('replaced', 'outdated', 'late')", name=op.f("ck_uncounted_answers_why")),
        sa.ForeignKeyConstraint(
            ["attempt_id", "position"],
            ["attempt_items.attempt_id", "attempt_items.position"],
            name=op.f("fk_uncounted_answers_attempt_id_attempt_items"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uncounted_answers")),
    )
    op.create_index("ix_uncounted_answers_attempt", "uncounted_answers", ["attempt_id", "position"], unique=False)
    op.execute("UPDATE attempt_items SET revision = 1 WHERE revision > 1000000")


def downgrade() -> None:
    op.drop_table("uncounted_answers")
    op.drop_column("attempt_items", "tab")
    op.drop_column("attempt_items", "typed_at")
