"""Run the tests of a regrade's key for the answers that were handed in."""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
OLD, NEW = "uq_grading_runs_attempt_id_position_is_trial", "uq_grading_runs_regrade_id_attempt_id_position"


def upgrade() -> None:
    op.add_column("grading_runs", sa.Column("regrade_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_grading_runs_regrade_id_regrades"),
        "grading_runs",
        "regrades",
        ["regrade_id"],
        ["id"],
        ondelete="CASCADE",
    )
    op.drop_constraint(op.f(OLD), "grading_runs", type_="unique")
    op.create_index(
        "uq_grading_runs_answer",
        "grading_runs",
        ["attempt_id", "position", "is_trial"],
        unique=True,
        postgresql_where=sa.text("regrade_id IS NULL"),
    )
    op.create_unique_constraint(op.f(NEW), "grading_runs", ["regrade_id", "attempt_id", "position"])


def downgrade() -> None:
    op.execute("DELETE FROM grading_runs WHERE regrade_id IS NOT NULL")
    op.drop_constraint(op.f(NEW), "grading_runs", type_="unique")
    op.drop_index("uq_grading_runs_answer", "grading_runs")
    op.create_unique_constraint(op.f(OLD), "grading_runs", ["attempt_id", "position", "is_trial"])
    op.drop_column("grading_runs", "regrade_id")
