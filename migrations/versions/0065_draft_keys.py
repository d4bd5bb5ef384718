"""Run the keys of code questions that a model drafts in a lab, before anybody may accept them."""

import sqlalchemy as sa
from alembic import op

revision = "0065"
down_revision = "0064"
STATES = "'checking', {}'pending', 'accepted', 'rejected', 'refused', 'regenerating', 'replaced'"
KEY = "'running_key', "
STATE = "ck_generation_drafts_state"


def upgrade() -> None:
    op.add_column("generations", sa.Column("lab_id", sa.BigInteger(), nullable=True))
    key = op.f("fk_generations_lab_id_labs")
    op.create_foreign_key(key, "generations", "labs", ["lab_id"], ["id"], ondelete="SET NULL")
    op.create_index(op.f("ix_generations_lab_id"), "generations", ["lab_id"])
    op.drop_constraint(op.f(STATE), "generation_drafts")
    op.create_check_constraint(op.f(STATE), "generation_drafts", f"state IN ({STATES.format(KEY)})")
    op.add_column("grading_runs", sa.Column("draft_id", sa.BigInteger(), nullable=True))
    key = op.f("fk_grading_runs_draft_id_generation_drafts")
    op.create_foreign_key(key, "grading_runs", "generation_drafts", ["draft_id"], ["id"], ondelete="CASCADE")
    is_draft = sa.text("draft_id IS NOT NULL")
    op.create_index("uq_grading_runs_draft", "grading_runs", ["draft_id"], unique=True, postgresql_where=is_draft)
    for name in ("attempt_id", "position"):
        op.alter_column("grading_runs", name, nullable=True)
    whose = "(draft_id IS NULL) = (attempt_id IS NOT NULL AND position IS NOT NULL)"
    op.create_check_constraint(op.f("ck_grading_runs_whose"), "grading_runs", whose)


def downgrade() -> None:
    op.drop_constraint(op.f("ck_grading_runs_whose"), "grading_runs")
    op.execute("DELETE FROM grading_runs WHERE draft_id IS NOT NULL")
    op.drop_column("grading_runs", "draft_id")
    for name in ("attempt_id", "position"):
        op.alter_column("grading_runs", name, nullable=False)
    # Without the run nobody knows whether the key is right.
    op.execute("UPDATE generation_drafts SET state = 'refused' WHERE state = 'running_key'")
    op.drop_constraint(op.f(STATE), "generation_drafts")
    op.create_check_constraint(op.f(STATE), "generation_drafts", f"state IN ({STATES.format('')})")
    op.drop_column("generations", "lab_id")
