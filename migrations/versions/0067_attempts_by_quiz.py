"""The attempts at a quiz are found by an index: a list of them read those of the whole site."""

from alembic import op

revision = "0067"
down_revision = "0066"


def upgrade() -> None:
    op.create_index("ix_attempts_quiz", "attempts", ["quiz_id", "id"])


def downgrade() -> None:
    op.drop_index("ix_attempts_quiz", "attempts")
