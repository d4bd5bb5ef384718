"""Keep a row of each break in an attempt: when it began and ended, by whom, and what was left."""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
TIME = sa.DateTime(timezone=True)
COLUMNS = {
    "attempt_id": ("attempts", "CASCADE"),
    "begun_by_id": ("users", "SET NULL"),
    "ended_by_id": ("users", "SET NULL"),
}


def upgrade() -> None:
    op.create_table(
        "attempt_breaks",
        sa.Column("attempt_id", sa.BigInteger(), nullable=False),
        sa.Column("began_at", TIME, nullable=False),
        sa.Column("begun_by_id", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", TIME, nullable=True),
        sa.Column("ended_by_id", sa.BigInteger(), nullable=True),
        sa.Column("left_s", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("ended_at >= began_at", name=op.f("ck_attempt_breaks_order")),
        sa.CheckConstraint("(ended_at IS NULL) = (left_s IS NULL)", name=op.f("ck_attempt_breaks_ended")),
        *(
            sa.ForeignKeyConstraint(
                [name], [f"{table}.id"], name=op.f(f"fk_attempt_breaks_{name}_{table}"), ondelete=then
            )
            for name, (table, then) in COLUMNS.items()
        ),
        sa.PrimaryKeyConstraint("attempt_id", "began_at", name=op.f("pk_attempt_breaks")),
    )


def downgrade() -> None:
    op.drop_table("attempt_breaks")
