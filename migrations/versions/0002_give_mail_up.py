"""Give mail up that no server takes."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("mails", sa.Column("given_up_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_index("ix_mails_due", table_name="mails")
    where = "sent_at IS NULL AND given_up_at IS NULL"
    op.create_index("ix_mails_due", "mails", ["next_try_at"], unique=False, postgresql_where=where)


def downgrade() -> None:
    op.drop_index("ix_mails_due", table_name="mails")
    op.create_index("ix_mails_due", "mails", ["next_try_at"], unique=False, postgresql_where="sent_at IS NULL")
    op.drop_column("mails", "given_up_at")
