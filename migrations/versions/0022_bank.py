"""Give each course a bank of questions, and each quiz slots that take them, fixed or drawn (docs/adr/0036).

Every question of a quiz becomes a ready one of the bank, with a fixed slot where the quiz still asks it. All that was
there came from folders, so the next import may archive it.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0022"
down_revision = "0021"

DIFFICULTY = "difficulty IN ('easy', 'medium', 'hard')"


def upgrade() -> None:
    _extend_questions()
    op.create_table(
        "quiz_slots",
        sa.Column("quiz_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("question_id", sa.BigInteger()),
        sa.Column("tag", sa.Text()),
        sa.Column("difficulty", sa.Text()),
        sa.Column("count", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("points", sa.Numeric(8, 2)),
        sa.CheckConstraint("(question_id IS NULL) <> (tag IS NULL)", name=op.f("ck_quiz_slots_kind")),
        sa.CheckConstraint("count > 0 AND (question_id IS NULL OR count = 1)", name=op.f("ck_quiz_slots_count")),
        sa.CheckConstraint(DIFFICULTY, name=op.f("ck_quiz_slots_difficulty")),
        sa.CheckConstraint("points > 0", name=op.f("ck_quiz_slots_points")),
        sa.ForeignKeyConstraint(
            ["quiz_id"], ["quizzes.id"], name=op.f("fk_quiz_slots_quiz_id_quizzes"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["question_id"], ["questions.id"], name=op.f("fk_quiz_slots_question_id_questions"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("quiz_id", "position", name=op.f("pk_quiz_slots")),
        sa.UniqueConstraint("quiz_id", "question_id", name=op.f("uq_quiz_slots_quiz_id_question_id")),
    )
    op.create_index("ix_quiz_slots_question", "quiz_slots", ["question_id"])
    op.execute(
        "INSERT INTO quiz_slots (quiz_id, position, question_id)"
        " SELECT quiz_id, row_number() OVER (PARTITION BY quiz_id ORDER BY position, id), id"
        " FROM questions WHERE NOT is_archived"
    )
    op.add_column("attempts", sa.Column("seed", sa.BigInteger()))
    op.add_column("attempt_items", sa.Column("points", sa.Numeric(8, 2)))
    op.execute(
        "UPDATE attempt_items SET points = version.points FROM question_versions AS version"
        " WHERE version.id = attempt_items.version_id"
    )
    op.alter_column("attempt_items", "points", nullable=False)


def _extend_questions() -> None:
    op.add_column("questions", sa.Column("course_id", sa.BigInteger()))
    op.execute(
        "UPDATE questions SET course_id = activities.course_id FROM activities WHERE activities.id = questions.quiz_id"
    )
    op.alter_column("questions", "course_id", nullable=False)
    op.alter_column("questions", "quiz_id", nullable=True)
    op.create_foreign_key(
        op.f("fk_questions_course_id_courses"), "questions", "courses", ["course_id"], ["id"], ondelete="CASCADE"
    )
    op.add_column("questions", sa.Column("file", sa.Text(), server_default="", nullable=False))
    op.add_column("questions", sa.Column("tags", ARRAY(sa.Text()), server_default="{}", nullable=False))
    op.add_column("questions", sa.Column("difficulty", sa.Text()))
    op.add_column("questions", sa.Column("state", sa.Text(), server_default="ready", nullable=False))
    op.add_column("questions", sa.Column("is_imported", sa.Boolean(), server_default="false", nullable=False))
    op.execute("UPDATE questions SET is_imported = true")
    op.create_check_constraint(
        op.f("ck_questions_state"), "questions", "state IN ('draft', 'in_review', 'ready', 'retired')"
    )
    op.create_check_constraint(op.f("ck_questions_difficulty"), "questions", DIFFICULTY)
    op.create_index(
        "uq_questions_bank",
        "questions",
        ["course_id", "slug"],
        unique=True,
        postgresql_where=sa.text("quiz_id IS NULL"),
    )
    op.create_index("ix_questions_course", "questions", ["course_id", "slug", "id"])


def downgrade() -> None:
    """Forget the bank: the old tables have no place for a question that stands in no quiz's file. Where one was answered,
    that is refused, and nothing is changed."""
    homeless = (
        "SELECT count(*) FROM questions WHERE quiz_id IS NULL AND EXISTS (SELECT FROM attempt_items JOIN question_versions"
        " AS version ON version.id = version_id WHERE version.question_id = questions.id)"
    )
    if op.get_bind().scalar(sa.text(homeless)):
        raise RuntimeError("Questions of the bank have been answered: export the courses, or keep this version.")
    op.drop_column("attempt_items", "points")
    op.drop_column("attempts", "seed")
    op.drop_table("quiz_slots")
    op.drop_index("ix_questions_course", table_name="questions")
    op.drop_index("uq_questions_bank", table_name="questions")
    op.execute("UPDATE questions SET current_id = NULL WHERE quiz_id IS NULL")
    op.execute("DELETE FROM questions WHERE quiz_id IS NULL")
    op.drop_constraint(op.f("ck_questions_difficulty"), "questions")
    op.drop_constraint(op.f("ck_questions_state"), "questions")
    op.drop_constraint(op.f("fk_questions_course_id_courses"), "questions")
    for column in ("is_imported", "state", "difficulty", "tags", "file", "course_id"):
        op.drop_column("questions", column)
    op.alter_column("questions", "quiz_id", nullable=False)
