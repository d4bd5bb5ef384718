"""Let a quiz say which score of several attempts counts. So far it was the best."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.add_column("quizzes", sa.Column("counts", sa.Text(), server_default="best", nullable=False))
    op.create_check_constraint(op.f("ck_quizzes_counts"), "quizzes", "counts IN ('best', 'last', 'first', 'average')")


def downgrade() -> None:
    op.drop_column("quizzes", "counts")
