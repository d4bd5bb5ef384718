"""Keep places in courses for addresses, which the account takes that shows that an address is its own."""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
TAKE = """
CREATE FUNCTION take_expected_places() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    WITH taken AS (
        DELETE FROM expected_places WHERE email = lower(NEW.email) RETURNING course_id, role, cohort_id
    )
    INSERT INTO enrolments (course_id, user_id, role, enrolled_at, cohort_id)
    SELECT course_id, NEW.id, role, now(), cohort_id FROM taken
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$
"""


def upgrade() -> None:
    op.create_table(
        "expected_places",
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("cohort_id", sa.BigInteger(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("role IN ('student', 'assistant', 'teacher')", name=op.f("ck_expected_places_role")),
        sa.ForeignKeyConstraint(
            ["course_id"], ["courses.id"], name=op.f("fk_expected_places_course_id_courses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["cohort_id"], ["cohorts.id"], name=op.f("fk_expected_places_cohort_id_cohorts"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("course_id", "email", name=op.f("pk_expected_places")),
    )
    op.create_index("ix_expected_places_email", "expected_places", ["email"])
    op.execute(TAKE)
    # Not before the address is shown to be the account's: whoever registers with another's address gets nothing.
    for name, when, condition in (
        ("made", "INSERT", "NEW.confirmed_at IS NOT NULL"),
        ("confirmed", "UPDATE OF confirmed_at", "OLD.confirmed_at IS NULL AND NEW.confirmed_at IS NOT NULL"),
    ):
        op.execute(
            f"CREATE TRIGGER take_expected_places_{name} AFTER {when} ON users"
            f" FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION take_expected_places()"
        )


def downgrade() -> None:
    op.execute("DROP TRIGGER take_expected_places_made ON users")
    op.execute("DROP TRIGGER take_expected_places_confirmed ON users")
    op.execute("DROP FUNCTION take_expected_places()")
    op.drop_table("expected_places")
