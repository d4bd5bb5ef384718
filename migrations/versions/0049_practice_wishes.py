"""Let students ask for practice questions by a model, where their course allows it; teachers review them as all others."""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"


def upgrade() -> None:
    op.add_column("courses", sa.Column("students_may_ask", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("generations", sa.Column("for_practice", sa.Boolean(), server_default="false", nullable=False))


def downgrade() -> None:
    op.drop_column("generations", "for_practice")
    op.drop_column("courses", "students_may_ask")
