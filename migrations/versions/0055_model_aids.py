"""Let the model draft comments on answers and give hints for checks, with students' consent; keep what is sent."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0055"
down_revision = "0054"
SWITCHES = ("drafts_comments", "hints_by_model")
LINKS = {
    "attempt_id": (sa.BigInteger(), "attempts"),
    "session_id": (sa.Uuid(), "lab_sessions"),
    "check_id": (sa.BigInteger(), "lab_checks"),
}


def upgrade() -> None:
    for name in SWITCHES:
        op.add_column("courses", sa.Column(name, sa.Boolean(), server_default="false", nullable=False))
    op.add_column("generations", sa.Column("purpose", sa.Text(), server_default="questions", nullable=False))
    op.add_column("generations", sa.Column("messages", postgresql.JSONB(none_as_null=True), nullable=True))
    op.add_column("generations", sa.Column("said", sa.Text(), nullable=True))
    op.add_column("generations", sa.Column("position", sa.BigInteger(), nullable=True))
    for name, (kind, table) in LINKS.items():
        op.add_column("generations", sa.Column(name, kind, nullable=True))
        key = op.f(f"fk_generations_{name}_{table}")
        op.create_foreign_key(key, "generations", table, [name], ["id"], ondelete="CASCADE")
    checks = {
        "purpose": "purpose IN ('questions', 'comment', 'hint')",
        "messages": "(purpose = 'questions') = (messages IS NULL)",
    }
    for name, said in checks.items():
        op.create_check_constraint(op.f(f"ck_generations_{name}"), "generations", said)
    indexes = {
        "answer": ["attempt_id", "position"],
        "lab": ["session_id", "check_id"],
        "check": ["check_id"],
    }
    for name, columns in indexes.items():
        is_meant = sa.text(f"{columns[0]} IS NOT NULL")
        op.create_index(f"ix_generations_{name}", "generations", columns, postgresql_where=is_meant)
    op.add_column("generation_calls", sa.Column("sent", postgresql.JSONB(none_as_null=True), nullable=True))
    op.create_table(
        "model_consents",
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        *(
            sa.ForeignKeyConstraint(
                [f"{what}_id"],
                [f"{what}s.id"],
                name=op.f(f"fk_model_consents_{what}_id_{what}s"),
                ondelete="CASCADE",
            )
            for what in ("course", "user")
        ),
        sa.PrimaryKeyConstraint("course_id", "user_id", name=op.f("pk_model_consents")),
    )
    op.create_index("ix_model_consents_user", "model_consents", ["user_id"])


def downgrade() -> None:
    op.drop_table("model_consents")
    op.drop_column("generation_calls", "sent")
    # A comment or a hint would be taken for questions.
    op.execute("DELETE FROM generations WHERE purpose <> 'questions'")
    for name in ("answer", "lab", "check"):
        op.drop_index(f"ix_generations_{name}", "generations")
    for name in ("purpose", "messages", "said", "position", *LINKS):
        op.drop_column("generations", name)
    for name in SWITCHES:
        op.drop_column("courses", name)
