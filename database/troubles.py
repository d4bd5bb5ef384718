"""Failures that an operator can mend, in a line each: PostgreSQL can't be reached, or has another version's tables."""

import psycopg2
from psycopg2.errors import UndefinedColumn, UndefinedTable
from sqlalchemy.exc import DBAPIError

RELEASE = "python -m cli.release"


def line_of(error: BaseException | None) -> str | None:
    """Return the line for an error, or None for one whose stack is needed."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, UndefinedTable | UndefinedColumn):
        return f"the database doesn't have this version's tables: run the release ({RELEASE})"
    # What fails before there is a connection has no code.
    if isinstance(cause, psycopg2.OperationalError) and cause.pgcode is None:
        lines = str(cause).strip().splitlines()
        return f"PostgreSQL (DATABASE_URL) can't be reached: {lines[0] if lines else type(cause).__name__}"
    return None
