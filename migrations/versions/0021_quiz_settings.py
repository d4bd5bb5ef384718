"""Say when and how a quiz is taken: window, late credit, pauses, a password, what comes first, what is shown."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0021"
down_revision = "0020"

REVEALED = ("reveal_score", "reveal_correctness", "reveal_answer", "reveal_feedback")


def upgrade() -> None:
    for name in ("opens_at", "due_at", "closes_at"):
        op.add_column("quizzes", sa.Column(name, sa.DateTime(timezone=True)))
    for name in ("late_credit", "requires"):
        op.add_column("quizzes", sa.Column(name, JSONB(), server_default="[]", nullable=False))
    op.add_column("quizzes", sa.Column("cooldown_minutes", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("quizzes", sa.Column("password", sa.Text(), server_default="", nullable=False))
    for name in REVEALED:
        op.add_column("quizzes", sa.Column(name, sa.Text(), server_default="submitted", nullable=False))
        op.create_check_constraint(op.f(f"ck_quizzes_{name}"), "quizzes", f"{name} IN ('never', 'submitted', 'closed')")
    op.create_check_constraint(op.f("ck_quizzes_cooldown_minutes"), "quizzes", "cooldown_minutes >= 0")
    op.create_check_constraint(
        op.f("ck_quizzes_window"), "quizzes", "opens_at < closes_at AND due_at <= closes_at AND due_at >= opens_at"
    )
    op.add_column("attempts", sa.Column("credit_percent", sa.BigInteger(), server_default="100", nullable=False))
    op.create_check_constraint(op.f("ck_attempts_credit_percent"), "attempts", "credit_percent BETWEEN 0 AND 100")


def downgrade() -> None:
    op.drop_column("attempts", "credit_percent")
    for name in (
        *REVEALED,
        "password",
        "cooldown_minutes",
        "requires",
        "late_credit",
        "closes_at",
        "due_at",
        "opens_at",
    ):
        op.drop_column("quizzes", name)
