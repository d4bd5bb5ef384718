"""Give labs, warm machines, checks and mail the same lease (docs/adr/0032).

`next_try_at` meant the end of a lease or of a pause; a check's lease was counted from `claimed_at`. What is in hand
while this runs keeps its holder.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

TABLES = ("lab_sessions", "warm_labs", "check_runs", "mails")
OLD_LEASE = "interval '6 seconds'"
OPEN_MAIL = "sent_at IS NULL AND given_up_at IS NULL"


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("leased_until", sa.DateTime(timezone=True)))
        op.alter_column(table, "failures", new_column_name="tries", server_default="0")
    op.add_column("mails", sa.Column("holder", sa.Text(), server_default="", nullable=False))
    op.add_column("check_runs", sa.Column("retry_at", sa.DateTime(timezone=True)))
    op.drop_index("ix_mails_due", table_name="mails")
    for table in ("lab_sessions", "warm_labs", "mails"):
        op.alter_column(table, "next_try_at", new_column_name="retry_at")
    op.alter_column("mails", "retry_at", nullable=True)
    op.create_index(
        "ix_mails_due", "mails", [sa.text("coalesce(leased_until, retry_at)")], postgresql_where=sa.text(OPEN_MAIL)
    )
    op.execute(
        "UPDATE lab_sessions SET leased_until = retry_at, retry_at = NULL"
        " WHERE holder <> '' AND state IN ('starting', 'running', 'stopping')"
    )
    op.execute(
        "UPDATE warm_labs SET leased_until = retry_at, retry_at = NULL"
        " WHERE holder <> '' AND state IN ('starting', 'stopping')"
    )
    # A start of before there were holders.
    for table in ("lab_sessions", "warm_labs"):
        op.execute(
            f"UPDATE {table} SET leased_until = claimed_at + {OLD_LEASE}"
            " WHERE state = 'starting' AND leased_until IS NULL AND retry_at IS NULL"
        )
    op.execute(f"UPDATE check_runs SET leased_until = claimed_at + {OLD_LEASE} WHERE state = 'running'")
    op.execute(
        "UPDATE check_runs SET retry_at = claimed_at + tries * interval '2 seconds', holder = '' WHERE state = 'queued'"
    )
    for table in ("check_runs", "warm_labs"):
        op.drop_column(table, "claimed_at")
    for table in TABLES:
        op.create_index(f"ix_{table}_held", table, ["holder"], postgresql_where=sa.text("leased_until IS NOT NULL"))


def downgrade() -> None:
    for table in TABLES:
        op.drop_index(f"ix_{table}_held", table_name=table)
    for table in ("check_runs", "warm_labs"):
        op.add_column(table, sa.Column("claimed_at", sa.DateTime(timezone=True)))
    op.execute(f"UPDATE check_runs SET claimed_at = leased_until - {OLD_LEASE} WHERE state = 'running'")
    op.execute("UPDATE check_runs SET claimed_at = retry_at - tries * interval '2 seconds' WHERE state = 'queued'")
    op.execute(f"UPDATE warm_labs SET claimed_at = coalesce(leased_until, retry_at) - {OLD_LEASE}")
    op.drop_index("ix_mails_due", table_name="mails")
    for table in ("lab_sessions", "warm_labs", "mails"):
        op.execute(f"UPDATE {table} SET retry_at = leased_until WHERE leased_until IS NOT NULL")
        op.alter_column(table, "retry_at", new_column_name="next_try_at")
    op.execute("UPDATE mails SET next_try_at = created_at WHERE next_try_at IS NULL")
    op.alter_column("mails", "next_try_at", nullable=False)
    op.create_index("ix_mails_due", "mails", ["next_try_at"], postgresql_where=sa.text(OPEN_MAIL))
    op.drop_column("check_runs", "retry_at")
    op.drop_column("mails", "holder")
    op.alter_column("mails", "tries", new_column_name="failures", server_default=None)
    for table in TABLES:
        if table != "mails":
            op.alter_column(table, "tries", new_column_name="failures")
        op.drop_column(table, "leased_until")
