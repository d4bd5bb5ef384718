"""How Alembic reaches the database: through the app's own engine and models."""

from alembic import context
from flask import current_app
from sqlalchemy import text

import models  # noqa: F401  # importing them makes the tables known
from extensions import db

# Two releases at once take turns.
LOCK = 20_260_002


def run() -> None:
    """Run the migrations, all in one transaction, alone."""
    with current_app.app_context(), db.engine.connect() as connection:
        context.configure(connection=connection, target_metadata=db.metadata, compare_type=True)
        with context.begin_transaction():
            # A migration may well take longer than a page.
            connection.execute(text("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '60s'"))
            # A table whose deferred triggers wait for the end can't be altered until then.
            connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            context.run_migrations()


run()
