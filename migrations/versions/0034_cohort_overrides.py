"""Let a cohort have times of its own at a quiz, and a student's labs idle for longer."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    op.add_column("accommodations", sa.Column("idle_percent", sa.BigInteger(), server_default="100", nullable=False))
    op.create_check_constraint(
        op.f("ck_accommodations_idle_percent"), "accommodations", "idle_percent BETWEEN 100 AND 1000"
    )
    op.create_table(
        "cohort_overrides",
        sa.Column("quiz_id", sa.BigInteger(), nullable=False),
        sa.Column("cohort_id", sa.BigInteger(), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("extra_minutes", sa.BigInteger(), nullable=False),
        sa.Column("extra_attempts", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("extra_minutes >= 0 AND extra_attempts >= 0", name=op.f("ck_cohort_overrides_extra")),
        sa.ForeignKeyConstraint(
            ["quiz_id"], ["quizzes.id"], name=op.f("fk_cohort_overrides_quiz_id_quizzes"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["cohort_id"], ["cohorts.id"], name=op.f("fk_cohort_overrides_cohort_id_cohorts"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("quiz_id", "cohort_id", name=op.f("pk_cohort_overrides")),
    )
    # What a quiz's page is kept by (0030).
    op.execute(
        "CREATE CONSTRAINT TRIGGER move_versions AFTER INSERT OR UPDATE OR DELETE ON cohort_overrides"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION move_course_of('quiz_id')"
    )
    op.create_index("ix_cohort_overrides_cohort", "cohort_overrides", ["cohort_id"])


def downgrade() -> None:
    op.drop_table("cohort_overrides")
    op.drop_constraint(op.f("ck_accommodations_idle_percent"), "accommodations", type_="check")
    op.drop_column("accommodations", "idle_percent")
