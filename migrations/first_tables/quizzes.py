"""Quizzes and what is answered."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql


def make() -> None:
    """Make the tables."""
    op.create_table(
        "quizzes",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("instructions_md", sa.Text(), nullable=False),
        sa.Column("instructions_html", sa.Text(), nullable=False),
        sa.Column("time_limit_s", sa.BigInteger(), nullable=True),
        sa.Column("attempts_allowed", sa.BigInteger(), nullable=True),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("pass_percent", sa.BigInteger(), nullable=False),
        sa.Column("is_shuffled", sa.Boolean(), nullable=False),
        sa.CheckConstraint("attempts_allowed > 0", name=op.f("ck_quizzes_attempts_allowed")),
        sa.CheckConstraint("time_limit_s > 0", name=op.f("ck_quizzes_time_limit")),
        sa.ForeignKeyConstraint(["id"], ["activities.id"], name=op.f("fk_quizzes_id_activities"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quizzes")),
    )
    op.create_table(
        "attempts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("quiz_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("score", sa.Numeric(precision=10, scale=4, asdecimal=False), nullable=True),
        sa.Column("max_score", sa.Numeric(precision=10, scale=4, asdecimal=False), nullable=False),
        sa.CheckConstraint(
            "(state = 'closed') = (closed_at IS NOT NULL AND score IS NOT NULL)",
            name=op.f("ck_attempts_closed"),
        ),
        sa.CheckConstraint("state IN ('open', 'closed')", name=op.f("ck_attempts_state")),
        sa.ForeignKeyConstraint(
            ["quiz_id"], ["quizzes.id"], name=op.f("fk_attempts_quiz_id_quizzes"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_attempts_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
        sa.UniqueConstraint("user_id", "quiz_id", "number", name=op.f("uq_attempts_user_id_quiz_id_number")),
    )
    op.create_index(
        "ix_attempts_deadline", "attempts", ["deadline_at"], unique=False, postgresql_where="state = 'open'"
    )
    op.create_index(
        "uq_attempts_open", "attempts", ["user_id", "quiz_id"], unique=True, postgresql_where="state = 'open'"
    )
    op.create_table(
        "questions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("quiz_id", sa.BigInteger(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("is_archived", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("current_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["current_id"],
            ["question_versions.id"],
            name="fk_questions_current_id_question_versions",
            use_alter=True,
        ),
        sa.ForeignKeyConstraint(
            ["quiz_id"], ["quizzes.id"], name=op.f("fk_questions_quiz_id_quizzes"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_questions")),
        sa.UniqueConstraint("quiz_id", "slug", name=op.f("uq_questions_quiz_id_slug")),
    )
    op.create_table(
        "question_versions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("question_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("prompt_md", sa.Text(), nullable=False),
        sa.Column("prompt_html", sa.Text(), nullable=False),
        sa.Column("points", sa.Numeric(precision=8, scale=2, asdecimal=False), nullable=False),
        sa.Column("spec", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("feedback_md", sa.Text(), nullable=False),
        sa.Column("feedback_html", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["question_id"],
            ["questions.id"],
            name=op.f("fk_question_versions_question_id_questions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_question_versions")),
        sa.UniqueConstraint("question_id", "number", name=op.f("uq_question_versions_question_id_number")),
    )
    op.create_table(
        "attempt_items",
        sa.Column("attempt_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("frozen", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("response", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("score", sa.Numeric(precision=10, scale=4, asdecimal=False), nullable=True),
        sa.ForeignKeyConstraint(
            ["attempt_id"],
            ["attempts.id"],
            name=op.f("fk_attempt_items_attempt_id_attempts"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["question_versions.id"],
            name=op.f("fk_attempt_items_version_id_question_versions"),
        ),
        sa.PrimaryKeyConstraint("attempt_id", "position", name=op.f("pk_attempt_items")),
    )
    op.create_index(op.f("ix_attempt_items_version_id"), "attempt_items", ["version_id"], unique=False)
    # The two tables point at each other, so this one comes last.
    op.create_foreign_key(
        "fk_questions_current_id_question_versions", "questions", "question_versions", ["current_id"], ["id"]
    )


def drop() -> None:
    """Drop them."""
    op.drop_constraint("fk_questions_current_id_question_versions", "questions")
    op.drop_index(op.f("ix_attempt_items_version_id"), table_name="attempt_items")
    op.drop_table("attempt_items")
    op.drop_table("question_versions")
    op.drop_table("questions")
    op.drop_index("uq_attempts_open", table_name="attempts", postgresql_where="state = 'open'")
    op.drop_index("ix_attempts_deadline", table_name="attempts", postgresql_where="state = 'open'")
    op.drop_table("attempts")
    op.drop_table("quizzes")
