"""Give the ledger kinds, and let several entries of one source follow each other; a quiz is one source.

Entries of attempts (`attempt:7`) become those of their quiz (`quiz:3`), numbered in their order. Their sum is what it was:
a later attempt earned only what it was better by.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.add_column("point_entries", sa.Column("number", sa.SmallInteger(), server_default="1", nullable=False))
    op.add_column("point_entries", sa.Column("kind", sa.Text()))
    op.add_column("point_entries", sa.Column("reason", sa.Text()))
    op.add_column("point_entries", sa.Column("given_by_id", sa.BigInteger()))
    op.create_foreign_key(
        op.f("fk_point_entries_given_by_id_users"),
        "point_entries",
        "users",
        ["given_by_id"],
        ["id"],
        ondelete="SET NULL",
    )
    op.execute(
        """
        UPDATE point_entries SET kind = CASE split_part(source, ':', 1)
            WHEN 'lesson' THEN 'lesson' WHEN 'check' THEN 'check' WHEN 'attempt' THEN 'quiz' ELSE 'award' END
        """
    )
    op.drop_constraint("uq_point_entries_user_id_source", "point_entries")
    op.execute(
        """
        UPDATE point_entries SET source = moved.source, number = moved.number FROM (
            SELECT point_entries.id, 'quiz:' || attempts.quiz_id AS source,
                row_number() OVER (PARTITION BY point_entries.user_id, attempts.quiz_id ORDER BY point_entries.id) AS number
            FROM point_entries JOIN attempts ON 'attempt:' || attempts.id = point_entries.source
        ) AS moved WHERE moved.id = point_entries.id
        """
    )
    op.alter_column("point_entries", "number", server_default=None)
    op.alter_column("point_entries", "kind", nullable=False)
    op.create_unique_constraint(
        op.f("uq_point_entries_user_id_source_number"), "point_entries", ["user_id", "source", "number"]
    )
    op.create_check_constraint(
        op.f("ck_point_entries_kind"),
        "point_entries",
        "kind IN ('quiz', 'check', 'lesson', 'award', 'compensation')",
    )
    op.create_check_constraint(op.f("ck_point_entries_number"), "point_entries", "number > 0")
    op.drop_index("ix_point_entries_course_id", table_name="point_entries")
    op.create_index("ix_point_entries_course_id_user_id_id", "point_entries", ["course_id", "user_id", "id"])
    op.create_index("ix_point_entries_course_id_created_at", "point_entries", ["course_id", "created_at"])
    op.add_column(
        "course_totals",
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
    )
    # Until now a total's time was that of its newest entry.
    op.execute("UPDATE course_totals SET changed_at = reached_at")
    op.alter_column("course_totals", "changed_at", server_default=None)


def downgrade() -> None:
    op.drop_column("course_totals", "changed_at")
    op.drop_index("ix_point_entries_course_id_created_at", table_name="point_entries")
    op.drop_index("ix_point_entries_course_id_user_id_id", table_name="point_entries")
    op.create_index("ix_point_entries_course_id", "point_entries", ["course_id"])
    # One entry stays of each source, with what all of them add up to.
    op.execute(
        """
        UPDATE point_entries SET points = added.points FROM (
            SELECT min(id) AS id, sum(points) AS points FROM point_entries GROUP BY user_id, source HAVING count(*) > 1
        ) AS added WHERE added.id = point_entries.id
        """
    )
    op.execute(
        """
        DELETE FROM point_entries AS later USING point_entries AS first
        WHERE first.user_id = later.user_id AND first.source = later.source AND first.id < later.id
        """
    )
    op.execute(
        """
        UPDATE point_entries SET source = 'attempt:' || newest.id FROM (
            SELECT user_id, quiz_id, max(id) AS id FROM attempts GROUP BY user_id, quiz_id
        ) AS newest
        WHERE newest.user_id = point_entries.user_id AND 'quiz:' || newest.quiz_id = point_entries.source
        """
    )
    for name in ("kind", "number"):
        op.drop_constraint(op.f(f"ck_point_entries_{name}"), "point_entries")
    op.drop_constraint("uq_point_entries_user_id_source_number", "point_entries")
    op.create_unique_constraint("uq_point_entries_user_id_source", "point_entries", ["user_id", "source"])
    op.drop_constraint("fk_point_entries_given_by_id_users", "point_entries")
    for name in ("given_by_id", "reason", "kind", "number"):
        op.drop_column("point_entries", name)
