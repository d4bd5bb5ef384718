"""Let imports bring lab scenarios of other programs into a course, and keep what of them isn't carried."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0060"
down_revision = "0059"


def upgrade() -> None:
    op.add_column("course_imports", sa.Column("into", sa.Text(), nullable=True))
    empty = sa.Column("findings", postgresql.JSONB(), server_default="[]", nullable=False)
    op.add_column("course_imports", empty)


def downgrade() -> None:
    op.drop_column("course_imports", "findings")
    op.drop_column("course_imports", "into")
