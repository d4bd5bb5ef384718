"""Keep who is ranked, and how many have how many points, with the totals (docs/adr/0024).

Triggers keep them, so that no way to change a total, a role or a person's place in a course can leave them out.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

# A total that comes into being and a place in the course that changes meet at the place's row. Where there is none,
# nobody would wait for the other: they meet at the course's lock then, which all who come into the course may hold
# together. (A lock for each person would be a thousand locks where a thousand come at once.)
RANK_NEW_TOTAL = """
CREATE FUNCTION rank_new_total() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE role text;
BEGIN
    SELECT enrolments.role INTO role FROM enrolments
    WHERE course_id = NEW.course_id AND user_id = NEW.user_id FOR SHARE;
    IF NOT FOUND THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('rank:' || NEW.course_id, 0));
        SELECT enrolments.role INTO role FROM enrolments
        WHERE course_id = NEW.course_id AND user_id = NEW.user_id FOR SHARE;
    END IF;
    NEW.is_ranked := coalesce(role = 'student', false);
    RETURN NEW;
END $$
"""
RANK_PLACE = """
CREATE FUNCTION rank_place() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        UPDATE course_totals SET is_ranked = false
        WHERE course_id = OLD.course_id AND user_id = OLD.user_id AND is_ranked;
        RETURN NULL;
    END IF;
    IF TG_OP = 'INSERT' THEN
        PERFORM pg_advisory_xact_lock_shared(hashtextextended('rank:' || NEW.course_id, 0));
    END IF;
    UPDATE course_totals SET is_ranked = (NEW.role = 'student')
    WHERE course_id = NEW.course_id AND user_id = NEW.user_id AND is_ranked <> (NEW.role = 'student');
    RETURN NULL;
END $$
"""
# What was is taken away before what is comes, and points only grow: whoever waits for a count waits for a higher one,
# so nobody waits in a circle.
COUNT_POINTS = """
CREATE FUNCTION count_points() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.points = NEW.points AND OLD.is_ranked = NEW.is_ranked THEN RETURN NULL; END IF;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        IF OLD.is_ranked THEN
            UPDATE point_counts SET students = students - 1
            WHERE course_id = OLD.course_id AND points = OLD.points AND slot = OLD.user_id % 8;
        END IF;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        IF NEW.is_ranked THEN
            INSERT INTO point_counts (course_id, points, slot, students)
            VALUES (NEW.course_id, NEW.points, NEW.user_id % 8, 1)
            ON CONFLICT (course_id, points, slot) DO UPDATE SET students = point_counts.students + 1;
        END IF;
    END IF;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.add_column("course_totals", sa.Column("is_ranked", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "point_counts",
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("slot", sa.SmallInteger(), nullable=False),
        sa.Column("students", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["course_id"], ["courses.id"], name=op.f("fk_point_counts_course_id_courses"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("course_id", "points", "slot", name=op.f("pk_point_counts")),
    )
    op.execute(
        """
        UPDATE course_totals SET is_ranked = true FROM enrolments
        WHERE enrolments.course_id = course_totals.course_id AND enrolments.user_id = course_totals.user_id
          AND enrolments.role = 'student'
        """
    )
    op.execute(
        """
        INSERT INTO point_counts (course_id, points, slot, students)
        SELECT course_id, points, user_id % 8, count(*) FROM course_totals WHERE is_ranked GROUP BY 1, 2, 3
        """
    )
    op.drop_index("ix_course_totals_rank", table_name="course_totals")
    op.create_index(
        "ix_course_totals_rank",
        "course_totals",
        ["course_id", sa.text("points DESC"), "reached_at", "user_id"],
        postgresql_where=sa.text("is_ranked"),
    )
    for function in (RANK_NEW_TOTAL, RANK_PLACE, COUNT_POINTS):
        op.execute(function)
    op.execute(
        "CREATE TRIGGER rank_new_total BEFORE INSERT ON course_totals FOR EACH ROW EXECUTE FUNCTION rank_new_total()"
    )
    op.execute(
        "CREATE TRIGGER count_points AFTER INSERT OR UPDATE OF points, is_ranked OR DELETE ON course_totals"
        " FOR EACH ROW EXECUTE FUNCTION count_points()"
    )
    op.execute(
        "CREATE TRIGGER rank_place AFTER INSERT OR UPDATE OF role OR DELETE ON enrolments"
        " FOR EACH ROW EXECUTE FUNCTION rank_place()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER rank_place ON enrolments")
    op.execute("DROP TRIGGER count_points ON course_totals")
    op.execute("DROP TRIGGER rank_new_total ON course_totals")
    for function in ("rank_place", "count_points", "rank_new_total"):
        op.execute(f"DROP FUNCTION {function}()")
    op.drop_index("ix_course_totals_rank", table_name="course_totals")
    op.create_index(
        "ix_course_totals_rank", "course_totals", ["course_id", sa.text("points DESC"), "reached_at", "user_id"]
    )
    op.drop_table("point_counts")
    op.drop_column("course_totals", "is_ranked")
