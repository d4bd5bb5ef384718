"""Let instructors decide later what answers are worth, and take that back."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0032"
down_revision = "0031"

MARKS = sa.Numeric(40, 30)
# A quiz's front page says which attempts were regraded (docs/adr/0046).
FUNCTION = """
CREATE FUNCTION move_person_of_attempt() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM move_versions(ARRAY['person:' || (SELECT user_id FROM attempts WHERE id = NEW.attempt_id)]);
    RETURN NULL;
END $$;
"""
TRIGGER = """
CREATE CONSTRAINT TRIGGER move_versions AFTER INSERT OR UPDATE ON regrade_notes DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION move_person_of_attempt()
"""


def upgrade() -> None:
    op.add_column("attempt_items", sa.Column("asked_points", sa.Numeric(8, 2), nullable=True))
    op.add_column("attempt_items", sa.Column("asked_score", MARKS, nullable=True))
    op.create_table(
        "regrades",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("quiz_id", sa.BigInteger(), nullable=False),
        sa.Column("question_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("change", postgresql.JSONB(), nullable=False),
        sa.Column("key_id", sa.BigInteger(), nullable=True),
        sa.Column("upto", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("undo_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("effect", postgresql.JSONB(), nullable=True),
        sa.Column("undo_effect", postgresql.JSONB(), nullable=True),
        sa.Column("made_by_id", sa.BigInteger(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("applied_by_id", sa.BigInteger(), nullable=True),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by_id", sa.BigInteger(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('key', 'accept', 'points', 'drop')", name=op.f("ck_regrades_kind")),
        sa.CheckConstraint("state IN ('draft', 'applied', 'undone')", name=op.f("ck_regrades_state")),
        sa.CheckConstraint("(state = 'draft') = (number IS NULL)", name=op.f("ck_regrades_numbered")),
        sa.CheckConstraint("(kind = 'key') = (key_id IS NOT NULL)", name=op.f("ck_regrades_key")),
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{table}.id"], name=op.f(f"fk_regrades_{column}_{table}"), ondelete="CASCADE"
            )
            for column, table in (("quiz_id", "quizzes"), ("question_id", "questions"), ("key_id", "question_versions"))
        ),
        *(
            sa.ForeignKeyConstraint(
                [column], ["users.id"], name=op.f(f"fk_regrades_{column}_users"), ondelete="SET NULL"
            )
            for column in ("made_by_id", "applied_by_id", "undone_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_regrades")),
        sa.UniqueConstraint("quiz_id", "number", name=op.f("uq_regrades_quiz_id_number")),
    )
    op.create_index(
        "ix_regrades_applied", "regrades", ["quiz_id", "question_id"], postgresql_where=sa.text("state = 'applied'")
    )
    op.create_table(
        "regrade_notes",
        sa.Column("regrade_id", sa.BigInteger(), nullable=False),
        sa.Column("is_undo", sa.Boolean(), nullable=False),
        sa.Column("attempt_id", sa.BigInteger(), nullable=False),
        sa.Column("score_before", MARKS, nullable=True),
        sa.Column("score_after", MARKS, nullable=True),
        sa.Column("max_before", MARKS, nullable=False),
        sa.Column("max_after", MARKS, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("answer_before", MARKS, nullable=True),
        sa.Column("answer_after", MARKS, nullable=True),
        sa.Column("points_before", MARKS, nullable=False),
        sa.Column("points_after", MARKS, nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["regrade_id"], ["regrades.id"], name=op.f("fk_regrade_notes_regrade_id_regrades"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempts.id"], name=op.f("fk_regrade_notes_attempt_id_attempts"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("regrade_id", "is_undo", "attempt_id", name=op.f("pk_regrade_notes")),
    )
    op.create_index("ix_regrade_notes_attempt", "regrade_notes", ["attempt_id"])
    op.execute(FUNCTION)
    op.execute(TRIGGER)


def downgrade() -> None:
    # What holds now stays; the way back is lost.
    op.drop_table("regrade_notes")
    op.execute("DROP FUNCTION move_person_of_attempt()")
    op.drop_table("regrades")
    op.drop_column("attempt_items", "asked_score")
    op.drop_column("attempt_items", "asked_points")
