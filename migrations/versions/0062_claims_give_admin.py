"""Remember whether an identity elsewhere made its person run the site."""

import sqlalchemy as sa
from alembic import op

revision = "0062"
down_revision = "0061"


def upgrade() -> None:
    op.add_column("outside_identities", sa.Column("gave_admin", sa.Boolean(), server_default="false", nullable=False))


def downgrade() -> None:
    op.drop_column("outside_identities", "gave_admin")
