"""Let a language model write questions: what was asked for, each call, and the drafts that wait for a review."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0046"
down_revision = "0045"
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("courses", sa.Column("allows_generation", sa.Boolean(), server_default="false", nullable=False))
    op.create_table(
        "generations",
        _id(),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("lesson_ids", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("kinds", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("difficulty", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("prompt_version", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("turn", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("round", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("wanted", sa.BigInteger(), nullable=False),
        sa.Column("reason", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("requested_at", TIME, nullable=False),
        sa.Column("finished_at", TIME, nullable=True),
        sa.Column("leased_until", TIME, nullable=True),
        sa.Column("retry_at", TIME, nullable=True),
        sa.Column("tries", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("holder", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("state IN ('queued', 'running', 'done', 'failed')", name=op.f("ck_generations_state")),
        sa.CheckConstraint("difficulty IN ('easy', 'medium', 'hard')", name=op.f("ck_generations_difficulty")),
        sa.CheckConstraint("count BETWEEN 1 AND 20 AND wanted BETWEEN 0 AND 20", name=op.f("ck_generations_count")),
        _to("generations", "course_id", "courses"),
        _to("generations", "user_id", "users", "SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_generations")),
        sa.UniqueConstraint("user_id", "key", name=op.f("uq_generations_user_id_key")),
    )
    op.create_index("ix_generations_course", "generations", ["course_id", "id"])
    is_open = sa.text("state IN ('queued', 'running')")
    op.create_index("ix_generations_due", "generations", ["requested_at"], postgresql_where=is_open)
    op.create_index(
        "ix_generations_held", "generations", ["holder"], postgresql_where=sa.text("leased_until IS NOT NULL")
    )
    _make_calls()
    _make_drafts()


def _make_calls() -> None:
    op.create_table(
        "generation_calls",
        _id(),
        sa.Column("generation_id", sa.BigInteger(), nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("piece", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=False),
        sa.Column("cost", sa.BigInteger(), nullable=False),
        sa.Column("tokens_in", sa.BigInteger(), nullable=True),
        sa.Column("tokens_out", sa.BigInteger(), nullable=True),
        sa.Column("raw", sa.Text(), nullable=True),
        sa.Column("reason", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        sa.Column("judged_at", TIME, nullable=True),
        sa.CheckConstraint(
            "state IN ('started', 'answered', 'refused', 'lost')", name=op.f("ck_generation_calls_state")
        ),
        sa.CheckConstraint("tokens >= 0 AND cost >= 0", name=op.f("ck_generation_calls_spent")),
        sa.CheckConstraint("(state = 'answered') = (raw IS NOT NULL)", name=op.f("ck_generation_calls_raw")),
        _to("generation_calls", "generation_id", "generations"),
        _to("generation_calls", "course_id", "courses"),
        _to("generation_calls", "user_id", "users", "SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_generation_calls")),
        sa.UniqueConstraint("generation_id", "number", name=op.f("uq_generation_calls_generation_id_number")),
    )
    op.create_index(
        "uq_generation_calls_started",
        "generation_calls",
        ["generation_id"],
        unique=True,
        postgresql_where=sa.text("state = 'started'"),
    )
    op.create_index(
        "uq_generation_calls_paid",
        "generation_calls",
        ["generation_id", "piece"],
        unique=True,
        postgresql_where=sa.text("state = 'answered'"),
    )
    op.create_index("ix_generation_calls_made", "generation_calls", ["made_at"])


def _make_drafts() -> None:
    op.create_table(
        "generation_drafts",
        _id(),
        sa.Column("generation_id", sa.BigInteger(), nullable=False),
        sa.Column("call_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("document", postgresql.JSONB(), nullable=False),
        sa.Column("citations", postgresql.JSONB(), nullable=False),
        sa.Column("findings", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("asked_again", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("replaces_id", sa.BigInteger(), nullable=True),
        sa.Column("reviewer_id", sa.BigInteger(), nullable=True),
        sa.Column("reviewed_at", TIME, nullable=True),
        sa.Column("question_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "state IN ('checking', 'pending', 'accepted', 'rejected', 'refused', 'regenerating', 'replaced')",
            name=op.f("ck_generation_drafts_state"),
        ),
        sa.CheckConstraint("state <> 'rejected' OR note <> ''", name=op.f("ck_generation_drafts_rejected")),
        _to("generation_drafts", "generation_id", "generations"),
        _to("generation_drafts", "call_id", "generation_calls"),
        _to("generation_drafts", "replaces_id", "generation_drafts", "SET NULL"),
        _to("generation_drafts", "reviewer_id", "users", "SET NULL"),
        _to("generation_drafts", "question_id", "questions", "SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_generation_drafts")),
        sa.UniqueConstraint("generation_id", "number", name=op.f("uq_generation_drafts_generation_id_number")),
    )
    op.create_index(
        "ix_generation_drafts_question",
        "generation_drafts",
        ["question_id"],
        postgresql_where=sa.text("question_id IS NOT NULL"),
    )


def _id() -> sa.Column:
    return sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False)


def _to(table: str, column: str, target: str, then: str = "CASCADE") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}_{target}"), ondelete=then
    )


def downgrade() -> None:
    for table in ("generation_drafts", "generation_calls", "generations"):
        op.drop_table(table)
    op.drop_column("courses", "allows_generation")
