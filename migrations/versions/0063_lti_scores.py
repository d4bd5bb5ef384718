"""Send scores to learning platforms: who is in their courses, columns of theirs, and what is to be sent to each."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0063"
down_revision = "0062"

FUNCTIONS = """
-- Note that somebody's score of an activity has changed, for each column of a platform in whose course they are.
CREATE FUNCTION lti_note_score(of_activity bigint, of_user bigint) RETURNS void LANGUAGE sql AS $$
    INSERT INTO lti_scores (line_item_id, user_id, wanted, sent, changed_at)
    SELECT lti_line_items.id, of_user, 1, 0, clock_timestamp()
    FROM lti_line_items
    WHERE lti_line_items.activity_id = of_activity AND EXISTS (
        SELECT FROM lti_members
        WHERE lti_members.user_id = of_user AND lti_members.context_id = lti_line_items.context_id
    )
    -- Two statements never lock the same rows in another order.
    ORDER BY lti_line_items.id
    ON CONFLICT (line_item_id, user_id) DO UPDATE SET
        wanted = lti_scores.wanted + 1, wait_until = NULL, reason = NULL,
        -- A platform takes no score that is as old as the one that it has, whatever our clock does.
        changed_at = greatest(clock_timestamp(), lti_scores.changed_at + interval '1 millisecond')
$$;
CREATE FUNCTION lti_attempt_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM lti_note_score(coalesce(NEW.quiz_id, OLD.quiz_id), coalesce(NEW.user_id, OLD.user_id));
    RETURN NULL;
END $$;
CREATE FUNCTION lti_mark_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM lti_note_score(coalesce(NEW.activity_id, OLD.activity_id), coalesce(NEW.user_id, OLD.user_id));
    RETURN NULL;
END $$;
CREATE FUNCTION lti_check_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM lti_note_score(lab_sessions.lab_id, lab_sessions.user_id) FROM lab_sessions WHERE id = NEW.session_id;
    RETURN NULL;
END $$;
CREATE FUNCTION lti_quiz_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM lti_note_score(NEW.id, user_id)
    FROM (SELECT DISTINCT user_id FROM attempts WHERE quiz_id = NEW.id ORDER BY user_id) AS people;
    RETURN NULL;
END $$;
"""
TRIGGERS = {
    "attempts": (
        ("scored", "INSERT", "NEW.score IS NOT NULL", "lti_attempt_changed"),
        (
            "rescored",
            "UPDATE OF score, max_score",
            "(OLD.score, OLD.max_score) IS DISTINCT FROM (NEW.score, NEW.max_score)",
            "lti_attempt_changed",
        ),
        ("gone", "DELETE", "OLD.score IS NOT NULL", "lti_attempt_changed"),
    ),
    "grade_marks": (("changed", "INSERT OR UPDATE OR DELETE", "", "lti_mark_changed"),),
    "completions": (("changed", "INSERT OR DELETE", "", "lti_mark_changed"),),
    "check_runs": (
        (
            "passed",
            "UPDATE OF state",
            "OLD.state <> NEW.state AND NEW.state IN ('passed', 'failed')",
            "lti_check_changed",
        ),
    ),
    "quizzes": (
        (
            "counted",
            "UPDATE OF counts, reveal_score",
            "(OLD.counts, OLD.reveal_score) IS DISTINCT FROM (NEW.counts, NEW.reveal_score)",
            "lti_quiz_changed",
        ),
    ),
}


def upgrade() -> None:
    op.create_table(
        "lti_members",
        sa.Column("context_id", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("role IN ('student', 'assistant')", name=op.f("ck_lti_members_role")),
        sa.ForeignKeyConstraint(
            ["context_id"], ["lti_contexts.id"], name=op.f("fk_lti_members_context_id_lti_contexts"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_lti_members_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("context_id", "subject", name=op.f("pk_lti_members")),
    )
    op.create_index("ix_lti_members_user", "lti_members", ["user_id", "context_id"])
    op.create_table(
        "lti_line_items",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("context_id", sa.BigInteger(), nullable=False),
        sa.Column("activity_id", sa.BigInteger(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("reason", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("holder", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["context_id"],
            ["lti_contexts.id"],
            name=op.f("fk_lti_line_items_context_id_lti_contexts"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["activity_id"],
            ["activities.id"],
            name=op.f("fk_lti_line_items_activity_id_activities"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lti_line_items")),
        sa.UniqueConstraint("context_id", "url", name=op.f("uq_lti_line_items_context_id_url")),
    )
    op.create_index("ix_lti_line_items_activity", "lti_line_items", ["activity_id"])
    op.create_index(
        "ix_lti_line_items_held", "lti_line_items", ["holder"], postgresql_where=sa.text("leased_until IS NOT NULL")
    )
    op.create_table(
        "lti_scores",
        sa.Column("line_item_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("wanted", sa.BigInteger(), nullable=False),
        sa.Column("sent", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("wait_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_share", sa.Numeric(40, 30), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.CheckConstraint("sent <= wanted", name=op.f("ck_lti_scores_sent")),
        sa.ForeignKeyConstraint(
            ["line_item_id"],
            ["lti_line_items.id"],
            name=op.f("fk_lti_scores_line_item_id_lti_line_items"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_lti_scores_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("line_item_id", "user_id", name=op.f("pk_lti_scores")),
    )
    op.create_index(
        "ix_lti_scores_due", "lti_scores", ["line_item_id", "changed_at"], postgresql_where=sa.text("sent < wanted")
    )
    op.create_index("ix_lti_scores_user", "lti_scores", ["user_id"])
    op.execute(FUNCTIONS)
    for table, triggers in TRIGGERS.items():
        for name, when, condition, function in triggers:
            only = f" WHEN ({condition})" if condition else ""
            op.execute(
                f"CREATE TRIGGER lti_score_{name} AFTER {when} ON {table} FOR EACH ROW{only} EXECUTE FUNCTION {function}()"
            )


def downgrade() -> None:
    for table, triggers in TRIGGERS.items():
        for name, *_rest in triggers:
            op.execute(f"DROP TRIGGER lti_score_{name} ON {table}")
    for name in ("lti_attempt_changed", "lti_mark_changed", "lti_check_changed", "lti_quiz_changed"):
        op.execute(f"DROP FUNCTION {name}()")
    op.execute("DROP FUNCTION lti_note_score(bigint, bigint)")
    op.drop_table("lti_scores")
    op.drop_table("lti_line_items")
    op.drop_table("lti_members")
