"""Let questions have rubrics, and keep what of them a grader found in an answer."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    op.add_column(
        "question_versions", sa.Column("rubric", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False)
    )
    op.add_column("attempt_items", sa.Column("rubric", postgresql.JSONB(), nullable=True))


def downgrade() -> None:
    op.drop_column("attempt_items", "rubric")
    op.drop_column("question_versions", "rubric")
