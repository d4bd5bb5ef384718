"""Keep what happens in courses as events, which triggers write, for programs that follow it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0058"
down_revision = "0057"

# Whoever tells an event calls this one: the triggers, and services/events.py.
NOTE = """
CREATE FUNCTION note_event(kind text, of_course bigint, person bigint, detail jsonb) RETURNS void LANGUAGE sql AS $$
    INSERT INTO course_events (kind, course_id, user_id, detail) VALUES (kind, of_course, person, detail)
$$
"""
OF_ATTEMPT = """
CREATE FUNCTION note_attempt() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    quiz activities%ROWTYPE;
    told jsonb;
BEGIN
    SELECT * INTO quiz FROM activities WHERE activities.id = NEW.quiz_id;
    told := jsonb_build_object('attempt', NEW.id, 'quiz', quiz.slug, 'number', NEW.number);
    IF OLD.state = 'in_progress' AND NEW.state <> 'in_progress' THEN
        PERFORM note_event('attempt.submitted', quiz.course_id, NEW.user_id,
            told || jsonb_build_object('closed_by', NEW.closed_by));
    END IF;
    IF NEW.state = 'graded' THEN
        PERFORM note_event('attempt.graded', quiz.course_id, NEW.user_id,
            told || jsonb_build_object('score', NEW.score::float8, 'max_score', NEW.max_score::float8));
    END IF;
    RETURN NULL;
END
$$
"""
OF_LAB = """
CREATE FUNCTION note_lab_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_event('lab.ended', NEW.course_id, NEW.user_id, jsonb_build_object('session', NEW.id,
        'lab', (SELECT slug FROM activities WHERE activities.id = NEW.lab_id), 'reason', NEW.reason));
    RETURN NULL;
END
$$
"""
OF_ENROLMENT = """
CREATE FUNCTION note_enrolment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM note_event('enrolment.created', NEW.course_id, NEW.user_id, jsonb_build_object('role', NEW.role));
    ELSE
        PERFORM note_event('enrolment.deleted', OLD.course_id, OLD.user_id, jsonb_build_object('role', OLD.role));
    END IF;
    RETURN NULL;
END
$$
"""
TRIGGERS = {
    "attempts": (
        "AFTER UPDATE OF state, score, max_score ON attempts FOR EACH ROW"
        " WHEN (NEW.state <> 'in_progress' AND (OLD.state, OLD.score, OLD.max_score)"
        " IS DISTINCT FROM (NEW.state, NEW.score, NEW.max_score)) EXECUTE FUNCTION note_attempt()"
    ),
    "lab_sessions": (
        "AFTER UPDATE OF state ON lab_sessions FOR EACH ROW"
        " WHEN (NEW.state = 'ended' AND OLD.state <> 'ended') EXECUTE FUNCTION note_lab_end()"
    ),
    "enrolments": "AFTER INSERT OR DELETE ON enrolments FOR EACH ROW EXECUTE FUNCTION note_enrolment()",
}
FUNCTIONS = ("note_attempt()", "note_lab_end()", "note_enrolment()", "note_event(text, bigint, bigint, jsonb)")


def upgrade() -> None:
    op.create_table(
        "course_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("detail", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course_events")),
    )
    op.create_index("ix_course_events_course_id_position", "course_events", ["course_id", "position"])
    op.create_index("uq_course_events_position", "course_events", ["position"], unique=True)
    op.create_index("ix_course_events_unplaced", "course_events", ["id"], postgresql_where=sa.text("position IS NULL"))
    op.create_table(
        "event_counter",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("last_position", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("pruned_position", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_event_counter_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_counter")),
    )
    for function in (NOTE, OF_ATTEMPT, OF_LAB, OF_ENROLMENT):
        op.execute(function)
    for table, trigger in TRIGGERS.items():
        op.execute(f"CREATE TRIGGER note_event_{table} {trigger}")


def downgrade() -> None:
    for table in TRIGGERS:
        op.execute(f"DROP TRIGGER note_event_{table} ON {table}")
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")
    op.drop_table("event_counter")
    op.drop_table("course_events")
