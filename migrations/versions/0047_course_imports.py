"""Keep imports of courses by program, courses as their last import left them, and requests that may be sent again."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0047"
down_revision = "0046"
TIME = sa.DateTime(timezone=True)
JSON = postgresql.JSONB
WAITING = "state IN ('reading', 'applying')"


def upgrade() -> None:
    op.create_table(
        "course_imports",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("slug", sa.Text(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("digest", sa.Text(), nullable=True),
        sa.Column("report", JSON(none_as_null=True), nullable=True),
        sa.Column("faults", JSON(), server_default="[]", nullable=False),
        sa.Column("made_by_id", sa.BigInteger(), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("asked_at", TIME, nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        sa.CheckConstraint(
            "state IN ('reading', 'refused', 'ready', 'applying', 'applied', 'stale')",
            name=op.f("ck_course_imports_state"),
        ),
        sa.CheckConstraint(
            "(state IN ('reading', 'refused')) = (digest IS NULL)", name=op.f("ck_course_imports_digest")
        ),
        sa.ForeignKeyConstraint(["sha256"], ["blobs.sha256"], name=op.f("fk_course_imports_sha256_blobs")),
        sa.ForeignKeyConstraint(
            ["made_by_id"], ["users.id"], name=op.f("fk_course_imports_made_by_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course_imports")),
    )
    op.create_index(op.f("ix_course_imports_sha256"), "course_imports", ["sha256"])
    op.create_index("ix_course_imports_waiting", "course_imports", ["asked_at"], postgresql_where=sa.text(WAITING))
    op.create_index("ix_course_imports_mine", "course_imports", ["made_by_id", "id"])
    op.create_table(
        "import_baselines",
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("parts", JSON(), nullable=False),
        sa.Column("imported_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["course_id"], ["courses.id"], name=op.f("fk_import_baselines_course_id_courses"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("course_id", name=op.f("pk_import_baselines")),
    )
    op.create_table(
        "sent_requests",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("status", sa.BigInteger(), nullable=True),
        sa.Column("body", JSON(none_as_null=True), nullable=True),
        sa.Column("headers", JSON(), server_default="{}", nullable=False),
        sa.Column("sent_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_sent_requests_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "key", name=op.f("pk_sent_requests")),
    )
    op.create_index("ix_sent_requests_sent_at", "sent_requests", ["sent_at"])


def downgrade() -> None:
    op.drop_table("sent_requests")
    op.drop_table("import_baselines")
    op.drop_table("course_imports")
