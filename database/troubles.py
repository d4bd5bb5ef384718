"""What an operator can mend, told in a line: a database that can't be reached, or that has another version's tables."""

import psycopg2
from psycopg2.errors import UndefinedColumn, UndefinedTable
from sqlalchemy.exc import DBAPIError

RELEASE = "python -m cli.release"


def told(error: BaseException | None) -> str | None:
    """Return the line, or None for what needs its stack."""
    found = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(found, UndefinedTable | UndefinedColumn):
        return f"the database doesn't have this version's tables: run the release ({RELEASE})"
    # What fails before there is a connection has no code.
    if isinstance(found, psycopg2.OperationalError) and found.pgcode is None:
        lines = str(found).strip().splitlines()
        return f"PostgreSQL (DATABASE_URL) can't be reached: {lines[0] if lines else type(found).__name__}"
    return None
