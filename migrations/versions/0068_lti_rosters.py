"""Read who is in a course of a learning platform, when a teacher asks."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0068"
down_revision = "0067"


def upgrade() -> None:
    for column in (
        sa.Column("members_url", sa.Text(), server_default="", nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("roster_reason", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("holder", sa.Text(), server_default="", nullable=False),
    ):
        op.add_column("lti_contexts", column)
    op.create_index(
        "ix_lti_contexts_asked", "lti_contexts", ["asked_at"], postgresql_where=sa.text("asked_at IS NOT NULL")
    )
    op.create_index(
        "ix_lti_contexts_held", "lti_contexts", ["holder"], postgresql_where=sa.text("leased_until IS NOT NULL")
    )


def downgrade() -> None:
    op.drop_index("ix_lti_contexts_held", "lti_contexts")
    op.drop_index("ix_lti_contexts_asked", "lti_contexts")
    for name in (
        "holder",
        "tries",
        "retry_at",
        "leased_until",
        "roster_reason",
        "read_at",
        "asked_at",
        "members_url",
    ):
        op.drop_column("lti_contexts", name)
