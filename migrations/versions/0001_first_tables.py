"""Make the first tables."""

from migrations.first_tables import accounts, courses, labs, quizzes

revision = "0001"
down_revision = None

# In this order, for each refers to those before it.
PARTS = (accounts, courses, quizzes, labs)


def upgrade() -> None:
    for part in PARTS:
        part.make()


def downgrade() -> None:
    for part in reversed(PARTS):
        part.drop()
