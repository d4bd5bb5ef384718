"""Bind a token to one course, where its owner wants that."""

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"


def upgrade() -> None:
    op.add_column("api_tokens", sa.Column("course_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_api_tokens_course_id_courses"), "api_tokens", "courses", ["course_id"], ["id"], ondelete="CASCADE"
    )
    op.create_index("ix_api_tokens_course_id", "api_tokens", ["course_id"])


def downgrade() -> None:
    op.drop_index("ix_api_tokens_course_id", "api_tokens")
    op.drop_column("api_tokens", "course_id")
