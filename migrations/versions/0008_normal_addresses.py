"""Store addresses in their one spelling, by which accounts are found."""

import logging

import sqlalchemy as sa
from alembic import op

from services.accounts import addresses
from services.errors import InvalidInput

revision = "0008"
down_revision = "0007"

log = logging.getLogger("alembic.runtime.migration")


def upgrade() -> None:
    connection = op.get_bind()
    # Lower-case ASCII is normal as it is.
    rows = connection.execute(
        sa.text("SELECT id, email FROM users WHERE email ~ '[A-Z]' OR email !~ '^[ -~]*$' ORDER BY id")
    ).all()
    taken = sa.text("SELECT 1 FROM users WHERE lower(email) = lower(:email) AND id <> :id")
    for user_id, email in rows:
        try:
            normal = addresses.normal(email)
        except InvalidInput:
            log.warning("The address of account %s isn't one by today's rules; it was left as it is.", user_id)
            continue
        if connection.execute(taken, {"email": normal, "id": user_id}).first():
            log.warning("The address of account %s is another account's in another spelling; it was left.", user_id)
            continue
        connection.execute(sa.text("UPDATE users SET email = :email WHERE id = :id"), {"email": normal, "id": user_id})


def downgrade() -> None:
    """Nothing: any spelling is found by its lower case, as before."""
