"""Versions of what kept pages show, moved by triggers at the end of each transaction that changes it (docs/adr/0046)."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"

FUNCTIONS = """
-- Once a transaction is enough: a row that thousands of its rows move would become a chain of as many dead ones.
CREATE FUNCTION move_versions(moved text[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO kept_versions (key, number) SELECT DISTINCT each, 1 FROM unnest(moved) AS each
    WHERE each IS NOT NULL AND NOT EXISTS (
        SELECT FROM kept_versions AS kept WHERE kept.key = each AND kept.xmin = pg_current_xact_id()::xid
    ) ORDER BY 1
    ON CONFLICT (key) DO UPDATE SET number = kept_versions.number + 1
$$;
CREATE FUNCTION move_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM move_versions(ARRAY['person:' || coalesce(NEW.user_id, OLD.user_id)]);
    RETURN NULL;
END $$;
CREATE FUNCTION move_course() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM move_versions(ARRAY['course:' || coalesce(NEW.course_id, OLD.course_id)]);
    RETURN NULL;
END $$;
CREATE FUNCTION move_course_itself() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- A total that went away says so there, and changes nothing else of the course.
    IF TG_OP = 'UPDATE' AND NEW.board_epoch <> OLD.board_epoch THEN RETURN NULL; END IF;
    PERFORM move_versions(ARRAY['course:' || coalesce(NEW.id, OLD.id)]);
    RETURN NULL;
END $$;
-- The argument is the column that names an activity.
CREATE FUNCTION move_course_of() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE activity bigint;
BEGIN
    activity := to_jsonb(coalesce(NEW, OLD)) ->> TG_ARGV[0];
    PERFORM move_versions(ARRAY['course:' || (SELECT course_id FROM activities WHERE id = activity)]);
    RETURN NULL;
END $$;
CREATE FUNCTION move_place() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM move_versions(
        ARRAY['person:' || coalesce(NEW.user_id, OLD.user_id), 'people:' || coalesce(NEW.course_id, OLD.course_id)]
    );
    RETURN NULL;
END $$;
CREATE FUNCTION move_people() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM move_versions(ARRAY['people:' || coalesce(NEW.course_id, OLD.course_id)]);
    RETURN NULL;
END $$;
CREATE FUNCTION move_people_of() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM move_versions(
        ARRAY['person:' || NEW.id] || ARRAY(SELECT 'people:' || course_id FROM enrolments WHERE user_id = NEW.id)
    );
    RETURN NULL;
END $$;
CREATE FUNCTION move_person_of_check() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM move_versions(ARRAY['person:' || (SELECT user_id FROM lab_sessions WHERE id = NEW.session_id)]);
    RETURN NULL;
END $$;
"""
ANY = "INSERT OR UPDATE OR DELETE"
# One row a table: what moves a version, and the function that does it.
TRIGGERS = {
    "attempts": (ANY, "move_person()"),
    "completions": (ANY, "move_person()"),
    "course_totals": (ANY, "move_person()"),
    "check_runs": ("UPDATE OF state", "move_person_of_check()"),
    "enrolments": (ANY, "move_place()"),
    "cohorts": (ANY, "move_people()"),
    "users": ("UPDATE OF display_name, active, confirmed_at", "move_people_of()"),
    "api_tokens": ("UPDATE OF scopes, expires_at, revoked_at OR DELETE", "move_person()"),
    "courses": (ANY, "move_course_itself()"),
    "modules": (ANY, "move_course()"),
    "activities": (ANY, "move_course()"),
    "questions": (ANY, "move_course()"),
    "accommodations": (ANY, "move_course()"),
    "lessons": (ANY, "move_course_of('id')"),
    "quizzes": (ANY, "move_course_of('id')"),
    "labs": (ANY, "move_course_of('id')"),
    "quiz_slots": (ANY, "move_course_of('quiz_id')"),
    "quiz_overrides": (ANY, "move_course_of('quiz_id')"),
    "lab_checks": (ANY, "move_course_of('lab_id')"),
}
NAMES = (
    "move_person_of_check()",
    "move_people_of()",
    "move_people()",
    "move_place()",
    "move_course_of()",
    "move_course_itself()",
    "move_course()",
    "move_person()",
    "move_versions(text[])",
)


def upgrade() -> None:
    op.create_table(
        "kept_versions",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_kept_versions")),
        # Most of its changes stay on the row's own page.
        postgresql_with={"fillfactor": "50"},
    )
    op.execute(FUNCTIONS)
    for table, (when, function) in TRIGGERS.items():
        op.execute(
            f"CREATE CONSTRAINT TRIGGER move_versions AFTER {when} ON {table} DEFERRABLE INITIALLY DEFERRED"
            f" FOR EACH ROW EXECUTE FUNCTION {function}"
        )


def downgrade() -> None:
    for table in TRIGGERS:
        op.execute(f"DROP TRIGGER move_versions ON {table}")
    for name in NAMES:
        op.execute(f"DROP FUNCTION {name}")
    op.drop_table("kept_versions")
