"""Log every answer that comes, and let a quiz say what becomes of those that come late."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    op.rename_table("uncounted_answers", "answer_saves")
    for old, new in (
        ("pk_uncounted_answers", "pk_answer_saves"),
        ("fk_uncounted_answers_attempt_id_attempt_items", "fk_answer_saves_attempt_id_attempt_items"),
    ):
        op.execute(f"ALTER TABLE answer_saves RENAME CONSTRAINT {old} TO {new}")
    op.drop_constraint(op.f("ck_uncounted_answers_why"), "answer_saves", type_="check")
    op.create_check_constraint(
        op.f("ck_answer_saves_why"), "answer_saves", "why IN ('', 'replaced', 'outdated', 'late')"
    )
    op.drop_index("ix_uncounted_answers_attempt", table_name="answer_saves")
    op.create_index("ix_answer_saves_attempt", "answer_saves", ["attempt_id", "position", "id"])
    op.add_column("answer_saves", sa.Column("revision", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("answer_saves", sa.Column("digest", sa.Text(), server_default="", nullable=False))
    # What counts today is the first line of its log.
    op.execute(
        "INSERT INTO answer_saves (attempt_id, position, why, revision, response, typed_at, received_at, tab)"
        " SELECT attempt_id, position, '', revision, response, coalesce(typed_at, saved_at), saved_at, tab"
        " FROM attempt_items WHERE revision > 0 AND saved_at IS NOT NULL"
    )
    op.create_index(
        "uq_answer_saves_once",
        "answer_saves",
        ["attempt_id", "position", "tab", "revision", "digest", "why"],
        unique=True,
        postgresql_where=sa.text("digest <> ''"),
    )
    op.add_column("quizzes", sa.Column("late_answers", sa.Text(), server_default="keep", nullable=False))
    op.create_check_constraint(
        op.f("ck_quizzes_late_answers"), "quizzes", "late_answers IN ('accept', 'keep', 'refuse')"
    )


def downgrade() -> None:
    op.drop_column("quizzes", "late_answers")
    op.drop_index("uq_answer_saves_once", table_name="answer_saves")
    # The version before keeps those alone that another tab's answer took the place of.
    op.execute(
        "UPDATE answer_saves SET why = 'replaced' FROM ("
        " SELECT id, tab, response, lead(tab) OVER following AS next_tab, lead(response) OVER following AS next_response"
        " FROM answer_saves WHERE why = '' WINDOW following AS (PARTITION BY attempt_id, position ORDER BY id)"
        ") AS kept WHERE kept.id = answer_saves.id AND kept.next_tab <> kept.tab"
        " AND kept.response IS NOT NULL AND kept.response IS DISTINCT FROM kept.next_response"
    )
    op.execute("DELETE FROM answer_saves WHERE why = ''")
    for name in ("digest", "revision"):
        op.drop_column("answer_saves", name)
    op.drop_index("ix_answer_saves_attempt", table_name="answer_saves")
    op.drop_constraint(op.f("ck_answer_saves_why"), "answer_saves", type_="check")
    op.rename_table("answer_saves", "uncounted_answers")
    for old, new in (
        ("pk_answer_saves", "pk_uncounted_answers"),
        ("fk_answer_saves_attempt_id_attempt_items", "fk_uncounted_answers_attempt_id_attempt_items"),
    ):
        op.execute(f"ALTER TABLE uncounted_answers RENAME CONSTRAINT {old} TO {new}")
    op.create_check_constraint(
        op.f("ck_uncounted_answers_why"), "uncounted_answers", "why IN ('replaced', 'outdated', 'late')"
    )
    op.create_index("ix_uncounted_answers_attempt", "uncounted_answers", ["attempt_id", "position"])
