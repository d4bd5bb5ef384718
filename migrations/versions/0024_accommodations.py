"""Let students have more time and attempts than others: in a course, or at one quiz."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.create_table(
        "accommodations",
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("time_percent", sa.BigInteger(), nullable=False),
        sa.Column("extra_minutes", sa.BigInteger(), nullable=False),
        sa.Column("break_minutes", sa.BigInteger(), nullable=False),
        sa.Column("extra_attempts", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("time_percent BETWEEN 100 AND 1000", name=op.f("ck_accommodations_time_percent")),
        sa.CheckConstraint(
            "extra_minutes >= 0 AND break_minutes >= 0 AND extra_attempts >= 0", name=op.f("ck_accommodations_extra")
        ),
        sa.ForeignKeyConstraint(
            ["course_id"], ["courses.id"], name=op.f("fk_accommodations_course_id_courses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_accommodations_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("course_id", "user_id", name=op.f("pk_accommodations")),
    )
    op.create_table(
        "quiz_overrides",
        sa.Column("quiz_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True)),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column("closes_at", sa.DateTime(timezone=True)),
        sa.Column("extra_minutes", sa.BigInteger(), nullable=False),
        sa.Column("extra_attempts", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("extra_minutes >= 0 AND extra_attempts >= 0", name=op.f("ck_quiz_overrides_extra")),
        sa.ForeignKeyConstraint(
            ["quiz_id"], ["quizzes.id"], name=op.f("fk_quiz_overrides_quiz_id_quizzes"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_quiz_overrides_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("quiz_id", "user_id", name=op.f("pk_quiz_overrides")),
    )
    op.create_index("ix_quiz_overrides_user", "quiz_overrides", ["user_id"])


def downgrade() -> None:
    op.drop_table("quiz_overrides")
    op.drop_table("accommodations")
