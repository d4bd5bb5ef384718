"""What kept pages depend on, told by functions: a server session plans a function's statements once (docs/adr/0046)."""

from alembic import op

revision = "0039"
down_revision = "0038"

FUNCTIONS = """
-- The numbers of versions, in the order of their keys; 0 for one that has never moved.
CREATE FUNCTION kept_numbers(keys text[]) RETURNS bigint[] LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN ARRAY(
        SELECT coalesce(kept.number, 0)
        FROM unnest(keys) WITH ORDINALITY AS asked (key, place) LEFT JOIN kept_versions AS kept ON kept.key = asked.key
        ORDER BY asked.place
    );
END $$;
-- Whether the board of a course still is what a snapshot saw. A snapshot of another database is of the future.
-- first_open is the first transaction that the snapshot saw open: the index knows who changed a total since.
CREATE FUNCTION board_stands(course bigint, epoch bigint, snapshot pg_snapshot, first_open bigint) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN coalesce((
        SELECT courses.board_epoch = epoch
        AND pg_snapshot_xmax(snapshot) <= pg_snapshot_xmax(pg_current_snapshot())
        AND NOT EXISTS (
            SELECT FROM course_totals
            WHERE course_id = course AND changed_in >= first_open
            AND NOT pg_visible_in_snapshot(changed_in::text::xid8, snapshot)
        )
        FROM courses WHERE id = course
    ), false);
END $$;
"""


def upgrade() -> None:
    op.execute(FUNCTIONS)


def downgrade() -> None:
    op.execute("DROP FUNCTION board_stands(bigint, bigint, pg_snapshot, bigint)")
    op.execute("DROP FUNCTION kept_numbers(text[])")
