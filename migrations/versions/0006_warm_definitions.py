"""Remember what a warm machine was made of, so that nobody gets one of a definition that has changed since."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("warm_labs", sa.Column("definition", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("warm_labs", "definition")
