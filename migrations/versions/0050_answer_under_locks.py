"""The answer that a save reads under its locks comes by a function: a server session plans its statement once.

Planning six tables took the server several times as long as reading their rows.
"""

from alembic import op

revision = "0050"
down_revision = "0049"

FUNCTION = """
-- One question of an attempt with all that a save must know, for the student `asker`; for anybody where that is NULL. The
-- attempt is locked before the question: shared, or alone where `is_alone`.
CREATE FUNCTION answer_under_locks(of_attempt bigint, place bigint, asker bigint, is_alone boolean)
RETURNS TABLE (
    attempt_id bigint, "position" bigint, frozen jsonb, response jsonb, revision bigint, saved_at timestamptz,
    typed_at timestamptz, tab text, kind text, spec jsonb, state text, closed_by text, started_at timestamptz,
    deadline_at timestamptz, late_answers text, role text
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    IF is_alone THEN
        RETURN QUERY {reading} FOR UPDATE OF attempts FOR UPDATE OF attempt_items;
    ELSE
        RETURN QUERY {reading} FOR SHARE OF attempts FOR UPDATE OF attempt_items;
    END IF;
END $$;
"""
READING = """
        SELECT attempt_items.attempt_id, attempt_items.position, attempt_items.frozen, attempt_items.response,
            attempt_items.revision, attempt_items.saved_at, attempt_items.typed_at, attempt_items.tab,
            question_versions.kind, question_versions.spec, attempts.state, attempts.closed_by, attempts.started_at,
            attempts.deadline_at, quizzes.late_answers, enrolments.role
        FROM attempt_items
        JOIN attempts ON attempts.id = attempt_items.attempt_id
        JOIN question_versions ON question_versions.id = attempt_items.version_id
        JOIN quizzes ON quizzes.id = attempts.quiz_id
        JOIN activities ON activities.id = attempts.quiz_id
        LEFT JOIN enrolments ON enrolments.course_id = activities.course_id AND enrolments.user_id = asker
        WHERE attempt_items.attempt_id = of_attempt AND attempt_items.position = place
        -- Nobody can lock what is somebody else's.
        AND attempts.user_id = coalesce(asker, attempts.user_id)"""


def upgrade() -> None:
    op.execute(FUNCTION.format(reading=READING))


def downgrade() -> None:
    op.execute("DROP FUNCTION answer_under_locks(bigint, bigint, bigint, boolean)")
