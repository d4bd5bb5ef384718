"""Let people practise: what they remember of each question, each review, and whether a course offers it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    op.add_column("courses", sa.Column("offers_practice", sa.Boolean(), server_default="false", nullable=False))
    op.create_table(
        "practice_cards",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("question_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("step", sa.SmallInteger(), nullable=True),
        sa.Column("stability", sa.Float(), nullable=True),
        sa.Column("difficulty", sa.Float(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("state IN ('learning', 'review', 'relearning')", name=op.f("ck_practice_cards_state")),
        sa.CheckConstraint("revision > 0", name=op.f("ck_practice_cards_revision")),
        _to("practice_cards", "user_id", "users"),
        _to("practice_cards", "question_id", "questions"),
        sa.PrimaryKeyConstraint("user_id", "question_id", name=op.f("pk_practice_cards")),
    )
    op.create_index("ix_practice_cards_question", "practice_cards", ["question_id"])
    op.create_table(
        "practice_reviews",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("question_id", sa.BigInteger(), nullable=False),
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("frozen", postgresql.JSONB(), nullable=False),
        sa.Column("response", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("share", sa.Numeric(40, 30), nullable=True),
        sa.Column("rating", sa.SmallInteger(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("rating BETWEEN 1 AND 4", name=op.f("ck_practice_reviews_rating")),
        sa.CheckConstraint("(rating IS NULL) = (due_at IS NULL)", name=op.f("ck_practice_reviews_due")),
        _to("practice_reviews", "user_id", "users"),
        _to("practice_reviews", "question_id", "questions"),
        _to("practice_reviews", "version_id", "question_versions"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_practice_reviews")),
        sa.UniqueConstraint(
            "user_id", "question_id", "number", name=op.f("uq_practice_reviews_user_id_question_id_number")
        ),
    )
    op.create_index("ix_practice_reviews_user", "practice_reviews", ["user_id", "answered_at"])
    op.create_index("ix_practice_reviews_question", "practice_reviews", ["question_id"])
    op.create_index("ix_practice_reviews_version", "practice_reviews", ["version_id"])


def _to(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{target}")
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name, ondelete="CASCADE")


def downgrade() -> None:
    op.drop_table("practice_reviews")
    op.drop_table("practice_cards")
    op.drop_column("courses", "offers_practice")
