"""Remember what a stop has saved already, which save a lab begins with, and what a save lacks."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("lab_sessions", sa.Column("is_settled", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("lab_sessions", sa.Column("restore_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_lab_sessions_restore_id_lab_saves"),
        "lab_sessions",
        "lab_saves",
        ["restore_id"],
        ["id"],
        ondelete="SET NULL",
    )
    op.create_index("ix_lab_sessions_restore_id", "lab_sessions", ["restore_id"])
    op.add_column("lab_saves", sa.Column("skipped", sa.BigInteger(), server_default="0", nullable=False))


def downgrade() -> None:
    op.drop_column("lab_saves", "skipped")
    op.drop_index("ix_lab_sessions_restore_id", table_name="lab_sessions")
    op.drop_constraint(op.f("fk_lab_sessions_restore_id_lab_saves"), "lab_sessions", type_="foreignkey")
    op.drop_column("lab_sessions", "restore_id")
    op.drop_column("lab_sessions", "is_settled")
