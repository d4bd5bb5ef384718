"""Remember until when a mail is of use, so that no warning comes after what it warns of."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("mails", sa.Column("useless_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("mails", "useless_at")
