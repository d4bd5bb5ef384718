"""Give courses a grading scheme, and students marks that their teachers set."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.add_column("courses", sa.Column("grading", JSONB(), server_default="[]", nullable=False))
    op.create_table(
        "grade_marks",
        sa.Column("user_id", sa.BigInteger(), sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("activity_id", sa.BigInteger(), sa.ForeignKey("activities.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("percent", sa.Numeric(40, 30), nullable=True),
        sa.Column("is_exempt", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("by_id", sa.BigInteger(), sa.ForeignKey("users.id", ondelete="SET NULL"), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("percent BETWEEN 0 AND 100", name=op.f("ck_grade_marks_percent")),
        sa.CheckConstraint("percent IS NOT NULL OR is_exempt", name=op.f("ck_grade_marks_says_something")),
        sa.CheckConstraint("percent IS NULL OR note <> ''", name=op.f("ck_grade_marks_note")),
    )


def downgrade() -> None:
    op.drop_table("grade_marks")
    op.drop_column("courses", "grading")
