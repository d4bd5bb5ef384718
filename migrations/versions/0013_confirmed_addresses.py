"""Remember when an address was confirmed.

Whoever takes part already keeps their account: they have a role, a place in a course or a token, and are known there.
An account that belongs to nothing yet may be of anybody: it is confirmed by mail before it is used again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("users", sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        """
        UPDATE users SET confirmed_at = create_datetime
        WHERE EXISTS (SELECT 1 FROM enrolments WHERE enrolments.user_id = users.id)
           OR EXISTS (SELECT 1 FROM role_members WHERE role_members.user_id = users.id)
           OR EXISTS (SELECT 1 FROM api_tokens WHERE api_tokens.user_id = users.id)
           OR EXISTS (SELECT 1 FROM attempts WHERE attempts.user_id = users.id)
           OR EXISTS (SELECT 1 FROM lab_sessions WHERE lab_sessions.user_id = users.id)
        """
    )


def downgrade() -> None:
    op.drop_column("users", "confirmed_at")
