"""Keep what courses ask for a certificate, certificates, the keys of their badges, and who is to be looked at."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0059"
down_revision = "0058"
TIME = sa.DateTime(timezone=True)
JSON = postgresql.JSONB
FUNCTIONS = """
-- Only where a certificate is to be had, and the person has never had it: what was revoked is the staff's to issue again.
CREATE FUNCTION look_for_certificate(course bigint, person bigint) RETURNS void LANGUAGE sql AS $$
    INSERT INTO certificate_looks (course_id, user_id, due_at)
    SELECT course, person, now() FROM courses
    WHERE courses.id = course AND certificate IS NOT NULL AND EXISTS (SELECT FROM users WHERE users.id = person)
    AND NOT EXISTS (SELECT FROM certificates WHERE course_id = course AND user_id = person)
$$;
-- The argument is the column that names an activity.
CREATE FUNCTION look_for_certificate_of_activity() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE row jsonb := to_jsonb(coalesce(NEW, OLD));
BEGIN
    PERFORM look_for_certificate(
        (SELECT course_id FROM activities WHERE id = (row ->> TG_ARGV[0])::bigint), (row ->> 'user_id')::bigint
    );
    RETURN NULL;
END $$;
CREATE FUNCTION look_for_certificate_of_check() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM look_for_certificate(course_id, user_id) FROM lab_sessions WHERE id = NEW.session_id;
    RETURN NULL;
END $$;
CREATE FUNCTION look_for_certificate_of_place() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM look_for_certificate(NEW.course_id, NEW.user_id);
    RETURN NULL;
END $$;
CREATE FUNCTION look_for_certificates_of_course() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO certificate_looks (course_id, user_id, due_at) VALUES (NEW.id, NULL, now());
    RETURN NULL;
END $$;
"""
NAMES = (
    "look_for_certificates_of_course()",
    "look_for_certificate_of_place()",
    "look_for_certificate_of_check()",
    "look_for_certificate_of_activity()",
    "look_for_certificate(bigint, bigint)",
)
# One row a table: what may earn a certificate, and the function that has it looked at.
TRIGGERS = {
    "completions": ("INSERT", "", "look_for_certificate_of_activity('activity_id')"),
    "attempts": (
        "UPDATE OF score",
        "WHEN (NEW.score IS DISTINCT FROM OLD.score AND NEW.score IS NOT NULL)",
        "look_for_certificate_of_activity('quiz_id')",
    ),
    "grade_marks": ("INSERT OR UPDATE OR DELETE", "", "look_for_certificate_of_activity('activity_id')"),
    "check_runs": ("UPDATE OF state", "WHEN (NEW.state = 'passed')", "look_for_certificate_of_check()"),
    "enrolments": ("INSERT OR UPDATE OF role", "WHEN (NEW.role = 'student')", "look_for_certificate_of_place()"),
    "courses": (
        "UPDATE OF certificate, version",
        "WHEN (NEW.certificate IS NOT NULL AND"
        " (NEW.certificate IS DISTINCT FROM OLD.certificate OR NEW.version <> OLD.version))",
        "look_for_certificates_of_course()",
    ),
}


def upgrade() -> None:
    op.add_column("courses", sa.Column("certificate", JSON(none_as_null=True), nullable=True))
    op.create_table(
        "certificates",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("course_title", sa.Text(), nullable=False),
        sa.Column("rule", JSON(), nullable=False),
        sa.Column("issued_at", TIME, nullable=False),
        sa.Column("revoked_at", TIME, nullable=True),
        sa.Column("revoked_by_id", sa.BigInteger(), nullable=True),
        sa.Column("revoke_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("badge", sa.Text(), nullable=True),
        sa.Column("pdf_sha256", sa.Text(), nullable=True),
        sa.Column("files_due_at", TIME, nullable=True),
        sa.CheckConstraint("number > 0", name=op.f("ck_certificates_number")),
        sa.CheckConstraint(
            "(files_due_at IS NULL) = (badge IS NOT NULL AND pdf_sha256 IS NOT NULL)",
            name=op.f("ck_certificates_files"),
        ),
        sa.ForeignKeyConstraint(
            ["course_id"], ["courses.id"], name=op.f("fk_certificates_course_id_courses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_certificates_user_id_users"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["revoked_by_id"], ["users.id"], name=op.f("fk_certificates_revoked_by_id_users"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["pdf_sha256"], ["blobs.sha256"], name=op.f("fk_certificates_pdf_sha256_blobs")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificates")),
        sa.UniqueConstraint("code", name=op.f("uq_certificates_code")),
        sa.UniqueConstraint("user_id", "course_id", "number", name=op.f("uq_certificates_user_id_course_id_number")),
    )
    op.create_index(
        "uq_certificates_valid",
        "certificates",
        ["user_id", "course_id"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.create_index("ix_certificates_course", "certificates", ["course_id", "id"])
    op.create_index(op.f("ix_certificates_pdf_sha256"), "certificates", ["pdf_sha256"])
    op.create_index(
        "ix_certificates_files", "certificates", ["files_due_at"], postgresql_where=sa.text("files_due_at IS NOT NULL")
    )
    op.create_table(
        "signing_keys",
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("private", sa.Text(), nullable=False),
        sa.Column("public", JSON(), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("retired_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_signing_keys")),
    )
    op.create_index(
        "uq_signing_keys_current",
        "signing_keys",
        [sa.text("(true)")],
        unique=True,
        postgresql_where=sa.text("retired_at IS NULL"),
    )
    op.create_table(
        "certificate_looks",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("due_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["course_id"], ["courses.id"], name=op.f("fk_certificate_looks_course_id_courses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_certificate_looks_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate_looks")),
    )
    op.create_index("ix_certificate_looks_due", "certificate_looks", ["due_at"])
    op.create_index("ix_certificate_looks_person", "certificate_looks", ["course_id", "user_id"])
    op.execute(FUNCTIONS)
    for table, (when, condition, function) in TRIGGERS.items():
        op.execute(
            f"CREATE TRIGGER look_for_certificate AFTER {when} ON {table} FOR EACH ROW {condition}"
            f" EXECUTE FUNCTION {function}"
        )
    op.execute(
        "CREATE CONSTRAINT TRIGGER move_versions AFTER INSERT OR UPDATE OR DELETE ON certificates"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION move_person()"
    )


def downgrade() -> None:
    for table in TRIGGERS:
        op.execute(f"DROP TRIGGER look_for_certificate ON {table}")
    for name in NAMES:
        op.execute(f"DROP FUNCTION {name}")
    op.drop_table("certificate_looks")
    op.drop_table("signing_keys")
    op.drop_table("certificates")
    op.drop_column("courses", "certificate")
