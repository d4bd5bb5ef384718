"""Let an attempt be handed in before it is graded: what a machine can't grade waits for a person."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    _drop()
    op.execute("UPDATE attempts SET state = CASE state WHEN 'open' THEN 'in_progress' ELSE 'graded' END")
    op.create_check_constraint(
        op.f("ck_attempts_state"), "attempts", "state IN ('in_progress', 'submitted', 'needs_grading', 'graded')"
    )
    op.create_check_constraint(
        op.f("ck_attempts_closed"), "attempts", "(state <> 'in_progress') = (closed_at IS NOT NULL)"
    )
    op.create_check_constraint(op.f("ck_attempts_graded"), "attempts", "(state = 'graded') = (score IS NOT NULL)")
    _index("in_progress")


def downgrade() -> None:
    op.drop_constraint(op.f("ck_attempts_graded"), "attempts", type_="check")
    _drop()
    # The version before knows no ungraded attempt: what nobody has graded yet has no marks there.
    op.execute(
        "UPDATE attempt_items SET score = 0 FROM attempts WHERE attempts.id = attempt_id"
        " AND attempts.state IN ('submitted', 'needs_grading') AND attempt_items.score IS NULL"
    )
    op.execute(
        "UPDATE attempts SET score = (SELECT coalesce(sum(score), 0) FROM attempt_items WHERE attempt_id = attempts.id)"
        " WHERE state IN ('submitted', 'needs_grading')"
    )
    op.execute("UPDATE attempts SET state = CASE state WHEN 'in_progress' THEN 'open' ELSE 'closed' END")
    op.create_check_constraint(op.f("ck_attempts_state"), "attempts", "state IN ('open', 'closed')")
    op.create_check_constraint(
        op.f("ck_attempts_closed"), "attempts", "(state = 'closed') = (closed_at IS NOT NULL AND score IS NOT NULL)"
    )
    _index("open")


def _drop() -> None:
    for name in ("ck_attempts_state", "ck_attempts_closed"):
        op.drop_constraint(op.f(name), "attempts", type_="check")
    for name in ("uq_attempts_open", "ix_attempts_deadline"):
        op.drop_index(name, table_name="attempts")


def _index(state: str) -> None:
    where = sa.text(f"state = '{state}'")
    op.create_index("uq_attempts_open", "attempts", ["user_id", "quiz_id"], unique=True, postgresql_where=where)
    op.create_index("ix_attempts_deadline", "attempts", ["deadline_at"], postgresql_where=where)
