"""Note what a regrade did to a person's points, and to whether the quiz is done."""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
COLUMNS = {"board_before": sa.BigInteger(), "board_after": sa.BigInteger()} | {
    name: sa.Boolean() for name in ("done_before", "done_after")
}


def upgrade() -> None:
    for name, kind in COLUMNS.items():
        op.add_column("regrade_notes", sa.Column(name, kind, nullable=True))


def downgrade() -> None:
    for name in COLUMNS:
        op.drop_column("regrade_notes", name)
