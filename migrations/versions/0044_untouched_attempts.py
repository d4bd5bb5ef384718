"""Which attempts are as they were begun, told by a function: a server session plans its statement once (docs/adr/0054)."""

from alembic import op

revision = "0044"
down_revision = "0043"

FUNCTION = """
-- Of these attempts those that are as they were begun, and whose students are still in the course. One statement writes
-- an attempt with all its questions: whoever changes a row of it later leaves another xmin there.
CREATE FUNCTION untouched_attempts(asked bigint[]) RETURNS bigint[] LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN ARRAY(
        SELECT attempts.id FROM attempts
        JOIN activities ON activities.id = attempts.quiz_id
        JOIN enrolments ON enrolments.course_id = activities.course_id AND enrolments.user_id = attempts.user_id
        WHERE attempts.id = ANY (asked) AND attempts.state = 'in_progress'
        AND NOT EXISTS (
            SELECT FROM attempt_items AS item WHERE item.attempt_id = attempts.id
            AND (item.xmin <> attempts.xmin OR item.revision > 0)
        )
    );
END $$;
"""


def upgrade() -> None:
    op.execute(FUNCTION)


def downgrade() -> None:
    op.execute("DROP FUNCTION untouched_attempts(bigint[])")
