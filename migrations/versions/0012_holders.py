"""Remember which scheduler holds a row, so that what a dead one held is taken over at once."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
TABLES = ("lab_sessions", "warm_labs", "check_runs")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("holder", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "holder")
