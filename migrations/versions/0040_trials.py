"""Let students run their programs before they hand in: runs that mark nothing, one for a question of an attempt."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
OLD, NEW = "uq_grading_runs_attempt_id_position", "uq_grading_runs_attempt_id_position_is_trial"


def upgrade() -> None:
    op.add_column("grading_runs", sa.Column("is_trial", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("grading_runs", sa.Column("program", sa.Text(), nullable=True))
    op.add_column("grading_runs", sa.Column("stdin", sa.Text(), nullable=True))
    op.drop_constraint(op.f(OLD), "grading_runs", type_="unique")
    op.create_unique_constraint(op.f(NEW), "grading_runs", ["attempt_id", "position", "is_trial"])


def downgrade() -> None:
    op.execute("DELETE FROM grading_runs WHERE is_trial")
    op.drop_constraint(op.f(NEW), "grading_runs", type_="unique")
    op.create_unique_constraint(op.f(OLD), "grading_runs", ["attempt_id", "position"])
    for name in ("stdin", "program", "is_trial"):
        op.drop_column("grading_runs", name)
