"""Cohorts, how a student stands on the board, its freeze, who was ranked when, and in which transaction a total changed.

The counts of before go: their rows could be waited for in a circle once points go down, too (docs/adr/0044).
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"

IS_RANKED = "({row}.role = 'student' AND {row}.board <> 'hidden')"
# A total that comes into being and a place in the course that changes meet at the place's row. Where there is none,
# nobody would wait for the other: they meet at the course's lock then, which all who come into the course may hold
# together.
RANK_NEW_TOTAL = f"""
CREATE OR REPLACE FUNCTION rank_new_total() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE place record;
BEGIN
    SELECT role, board, cohort_id INTO place FROM enrolments
    WHERE course_id = NEW.course_id AND user_id = NEW.user_id FOR SHARE;
    IF NOT FOUND THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('rank:' || NEW.course_id, 0));
        SELECT role, board, cohort_id INTO place FROM enrolments
        WHERE course_id = NEW.course_id AND user_id = NEW.user_id FOR SHARE;
    END IF;
    NEW.is_ranked := coalesce({IS_RANKED.format(row="place")}, false);
    NEW.cohort_id := place.cohort_id;
    NEW.changed_in := pg_current_xact_id()::text::bigint;
    RETURN NEW;
END $$
"""
TOUCH_TOTAL = """
CREATE FUNCTION touch_total() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.changed_in := pg_current_xact_id()::text::bigint;
    RETURN NEW;
END $$
"""
# What isn't there any more can't say when it went: every board of the course is made anew.
DROP_TOTAL = """
CREATE FUNCTION drop_total() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE courses SET board_epoch = board_epoch + 1 WHERE id = OLD.course_id;
    RETURN NULL;
END $$
"""
RANK_PLACE = f"""
CREATE OR REPLACE FUNCTION rank_place() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE ranked boolean := false; cohort bigint := NULL;
BEGIN
    IF TG_OP = 'DELETE' THEN
        UPDATE course_totals SET is_ranked = false, cohort_id = NULL
        WHERE course_id = OLD.course_id AND user_id = OLD.user_id;
        -- Nothing is kept of a person or a course that goes altogether.
        INSERT INTO board_places (course_id, user_id, is_ranked, since)
        SELECT OLD.course_id, OLD.user_id, false, clock_timestamp()
        WHERE EXISTS (SELECT FROM users WHERE id = OLD.user_id)
          AND EXISTS (SELECT FROM courses WHERE id = OLD.course_id);
        RETURN NULL;
    END IF;
    ranked := {IS_RANKED.format(row="NEW")};
    cohort := NEW.cohort_id;
    IF TG_OP = 'INSERT' THEN
        PERFORM pg_advisory_xact_lock_shared(hashtextextended('rank:' || NEW.course_id, 0));
    ELSIF ranked = {IS_RANKED.format(row="OLD")} AND cohort IS NOT DISTINCT FROM OLD.cohort_id THEN
        RETURN NULL;
    END IF;
    UPDATE course_totals SET is_ranked = ranked, cohort_id = cohort
    WHERE course_id = NEW.course_id AND user_id = NEW.user_id
      AND (is_ranked <> ranked OR cohort_id IS DISTINCT FROM cohort);
    INSERT INTO board_places (course_id, user_id, is_ranked, cohort_id, since)
    VALUES (NEW.course_id, NEW.user_id, ranked, cohort, clock_timestamp());
    RETURN NULL;
END $$
"""
OLD_RANK_NEW_TOTAL = """
CREATE OR REPLACE FUNCTION rank_new_total() RETURNS trigger LANGUAGE plpgsql AS $$
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
OLD_RANK_PLACE = """
CREATE OR REPLACE FUNCTION rank_place() RETURNS trigger LANGUAGE plpgsql AS $$
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
OLD_COUNT_POINTS = """
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
RANK_COLUMNS = ["course_id", sa.text("points DESC"), "reached_at", "user_id"]
COHORT_COLUMNS = ["cohort_id", sa.text("points DESC"), "reached_at", "user_id"]


def upgrade() -> None:
    op.create_table(
        "cohorts",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["course_id"], ["courses.id"], name=op.f("fk_cohorts_course_id_courses"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cohorts")),
        sa.UniqueConstraint("course_id", "name", name=op.f("uq_cohorts_course_id_name")),
    )
    op.add_column("enrolments", sa.Column("cohort_id", sa.BigInteger()))
    op.add_column("enrolments", sa.Column("board", sa.Text(), server_default="name", nullable=False))
    op.add_column("enrolments", sa.Column("pseudonym", sa.Text()))
    op.create_foreign_key(
        op.f("fk_enrolments_cohort_id_cohorts"), "enrolments", "cohorts", ["cohort_id"], ["id"], ondelete="SET NULL"
    )
    op.create_check_constraint(op.f("ck_enrolments_board"), "enrolments", "board IN ('name', 'pseudonym', 'hidden')")
    op.create_check_constraint(
        op.f("ck_enrolments_pseudonym"), "enrolments", "board <> 'pseudonym' OR pseudonym IS NOT NULL"
    )
    op.create_index("ix_enrolments_cohort_id", "enrolments", ["cohort_id"])
    op.create_index("uq_enrolments_pseudonym", "enrolments", ["course_id", sa.text("lower(pseudonym)")], unique=True)
    op.add_column("courses", sa.Column("board_frozen_from", sa.DateTime(timezone=True)))
    op.add_column("courses", sa.Column("board_frozen_until", sa.DateTime(timezone=True)))
    op.add_column("courses", sa.Column("board_epoch", sa.BigInteger(), server_default="0", nullable=False))
    op.create_check_constraint(
        op.f("ck_courses_board_frozen"),
        "courses",
        "(board_frozen_from IS NULL) = (board_frozen_until IS NULL) AND board_frozen_from < board_frozen_until",
    )
    op.create_table(
        "board_places",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("is_ranked", sa.Boolean(), nullable=False),
        sa.Column("cohort_id", sa.BigInteger()),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["course_id"], ["courses.id"], name=op.f("fk_board_places_course_id_courses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_board_places_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_board_places")),
    )
    op.create_index("ix_board_places_course_id_user_id_id", "board_places", ["course_id", "user_id", "id"])
    op.execute(
        "INSERT INTO board_places (course_id, user_id, is_ranked, since)"
        " SELECT course_id, user_id, role = 'student', enrolled_at FROM enrolments"
    )
    op.execute("DROP TRIGGER count_points ON course_totals")
    op.execute("DROP FUNCTION count_points()")
    op.drop_table("point_counts")
    op.add_column("course_totals", sa.Column("cohort_id", sa.BigInteger()))
    op.add_column("course_totals", sa.Column("changed_in", sa.BigInteger(), server_default="0", nullable=False))
    op.alter_column("course_totals", "changed_in", server_default=None)
    op.drop_index("ix_course_totals_rank", table_name="course_totals")
    where = sa.text("is_ranked AND points > 0")
    op.create_index("ix_course_totals_rank", "course_totals", RANK_COLUMNS, postgresql_where=where)
    op.create_index("ix_course_totals_cohort", "course_totals", COHORT_COLUMNS, postgresql_where=where)
    op.create_index("ix_course_totals_course_id_changed_in", "course_totals", ["course_id", "changed_in"])
    for function in (RANK_NEW_TOTAL, RANK_PLACE, TOUCH_TOTAL, DROP_TOTAL):
        op.execute(function)
    op.execute("DROP TRIGGER rank_place ON enrolments")
    op.execute(
        "CREATE TRIGGER rank_place AFTER INSERT OR UPDATE OF role, board, cohort_id OR DELETE ON enrolments"
        " FOR EACH ROW EXECUTE FUNCTION rank_place()"
    )
    op.execute(
        "CREATE TRIGGER touch_total BEFORE UPDATE ON course_totals FOR EACH ROW"
        " WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch_total()"
    )
    op.execute("CREATE TRIGGER drop_total AFTER DELETE ON course_totals FOR EACH ROW EXECUTE FUNCTION drop_total()")


def downgrade() -> None:
    for trigger in ("drop_total", "touch_total"):
        op.execute(f"DROP TRIGGER {trigger} ON course_totals")
        op.execute(f"DROP FUNCTION {trigger}()")
    op.execute("DROP TRIGGER rank_place ON enrolments")
    for function in (OLD_RANK_NEW_TOTAL, OLD_RANK_PLACE, OLD_COUNT_POINTS):
        op.execute(function)
    op.execute(
        "CREATE TRIGGER rank_place AFTER INSERT OR UPDATE OF role OR DELETE ON enrolments"
        " FOR EACH ROW EXECUTE FUNCTION rank_place()"
    )
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
    # Who was hidden is ranked again.
    op.execute(
        """
        UPDATE course_totals SET is_ranked = true FROM enrolments
        WHERE enrolments.course_id = course_totals.course_id AND enrolments.user_id = course_totals.user_id
          AND enrolments.role = 'student' AND NOT is_ranked
        """
    )
    op.execute(
        """
        INSERT INTO point_counts (course_id, points, slot, students)
        SELECT course_id, points, user_id % 8, count(*) FROM course_totals WHERE is_ranked GROUP BY 1, 2, 3
        """
    )
    op.execute(
        "CREATE TRIGGER count_points AFTER INSERT OR UPDATE OF points, is_ranked OR DELETE ON course_totals"
        " FOR EACH ROW EXECUTE FUNCTION count_points()"
    )
    for name in ("ix_course_totals_course_id_changed_in", "ix_course_totals_cohort", "ix_course_totals_rank"):
        op.drop_index(name, table_name="course_totals")
    op.create_index("ix_course_totals_rank", "course_totals", RANK_COLUMNS, postgresql_where=sa.text("is_ranked"))
    for name in ("changed_in", "cohort_id"):
        op.drop_column("course_totals", name)
    op.drop_table("board_places")
    op.drop_constraint(op.f("ck_courses_board_frozen"), "courses")
    for name in ("board_epoch", "board_frozen_until", "board_frozen_from"):
        op.drop_column("courses", name)
    op.drop_index("uq_enrolments_pseudonym", table_name="enrolments")
    op.drop_index("ix_enrolments_cohort_id", table_name="enrolments")
    for name in ("pseudonym", "board"):
        op.drop_constraint(op.f(f"ck_enrolments_{name}"), "enrolments")
    for name in ("pseudonym", "board", "cohort_id"):
        op.drop_column("enrolments", name)
    op.drop_table("cohorts")
