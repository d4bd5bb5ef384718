"""Keep files of questions from their preview to their import."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0045"
down_revision = "0044"
TIME = sa.DateTime(timezone=True)
TABLE = "question_imports"
KEYS = {
    "course_id": ("courses.id", "CASCADE"),
    "sha256": ("blobs.sha256", None),
    "made_by_id": ("users.id", "SET NULL"),
    "applied_by_id": ("users.id", "SET NULL"),
}


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("entries", JSONB(), nullable=False),
        sa.Column("findings", JSONB(), server_default="[]", nullable=False),
        sa.Column("files", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("made_by_id", sa.BigInteger(), nullable=True),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("applied_by_id", sa.BigInteger(), nullable=True),
        sa.Column("applied_at", TIME, nullable=True),
        sa.CheckConstraint("state IN ('previewed', 'applied')", name=op.f("ck_question_imports_state")),
        sa.CheckConstraint("(state = 'applied') = (applied_at IS NOT NULL)", name=op.f("ck_question_imports_applied")),
        *(
            sa.ForeignKeyConstraint(
                [name], [there], name=op.f(f"fk_question_imports_{name}_{there.partition('.')[0]}"), ondelete=then
            )
            for name, (there, then) in KEYS.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_question_imports")),
    )
    op.create_index("ix_question_imports_course", TABLE, ["course_id", "made_at"])
    op.create_index(op.f("ix_question_imports_sha256"), TABLE, ["sha256"])


def downgrade() -> None:
    op.drop_table(TABLE)
