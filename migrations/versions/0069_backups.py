"""Remember the backups that the scheduler makes."""

import sqlalchemy as sa
from alembic import op

revision = "0069"
down_revision = "0068"


def upgrade() -> None:
    op.create_table(
        "backups",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("name", sa.Text()),
        sa.Column("size", sa.BigInteger()),
        sa.Column("failure", sa.Text()),
        sa.Column("leased_until", sa.DateTime(timezone=True)),
        sa.Column("retry_at", sa.DateTime(timezone=True)),
        sa.Column("tries", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("holder", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_backups"),
    )
    op.create_index(
        "uq_backups_open", "backups", [sa.text("(ended_at IS NULL)")], unique=True, postgresql_where="ended_at IS NULL"
    )
    op.create_index("ix_backups_asked_at", "backups", ["asked_at"])
    op.create_index("ix_backups_held", "backups", ["holder"], postgresql_where="leased_until IS NOT NULL")


def downgrade() -> None:
    op.drop_table("backups")
