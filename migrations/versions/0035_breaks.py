"""Let the clock of an attempt stand still in breaks: how long they may take, how long they took, since when one lasts."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    op.add_column("attempts", sa.Column("break_s", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("attempts", sa.Column("paused_s", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("attempts", sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(op.f("ck_attempts_paused"), "attempts", "paused_s >= 0 AND break_s >= 0")


def downgrade() -> None:
    op.drop_constraint(op.f("ck_attempts_paused"), "attempts", type_="check")
    for name in ("paused_at", "paused_s", "break_s"):
        op.drop_column("attempts", name)
