"""The time-outs of every transaction: they stand on the role, where they cost no round trip (ADR 17).

The release writes them down for its role in its database; a new connection is asked whether it has them. PostgreSQL
gives them to each connection that it opens, so they hold through PgBouncer, too.
"""

import psycopg2
import structlog
from psycopg2 import errors, extensions, sql

# As PostgreSQL itself writes them.
TIME_OUTS = {"statement_timeout": "15s", "lock_timeout": "5s", "idle_in_transaction_session_timeout": "1min"}
# Two releases at once take turns: the catalogue refuses the second of two that change one row.
LOCK = 20_260_003
OWN = """
    SELECT split_part(setting, '=', 1) FROM pg_db_role_setting, unnest(setconfig) AS setting
    WHERE setrole = (SELECT oid FROM pg_roles WHERE rolname = session_user)
    AND setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
"""

log = structlog.get_logger("yurt.database")


def write(url: str) -> str | None:
    """Give the role of `url` its time-outs in this database; return what an administrator has to say if it may not.

    What somebody else wrote for this role and database stays as it is.
    """
    connection = psycopg2.connect(url.replace("+psycopg2", "", 1), connect_timeout=5)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
            cursor.execute(OWN)
            there = {row[0] for row in cursor.fetchall()}
            lines = statements(cursor, [name for name in TIME_OUTS if name not in there])
            try:
                for line in lines:
                    cursor.execute(line)
            except errors.InsufficientPrivilege:
                return " ".join(lines)
    finally:
        connection.close()
    return None


def statements(cursor: extensions.cursor, names: list[str]) -> list[str]:
    """Return the SQL that gives the connection's role the time-outs of these names in its database."""
    cursor.execute("SELECT session_user, current_database()")
    role, database = map(sql.Identifier, cursor.fetchone())
    template = "ALTER ROLE {} IN DATABASE {} SET {} = {};"
    return [
        sql.SQL(template).format(role, database, sql.Identifier(name), sql.Literal(TIME_OUTS[name])).as_string(cursor)
        for name in names
    ]


def missing(cursor: extensions.cursor) -> list[str]:
    """Return the names of the time-outs that a connection doesn't have; another value than ours is an operator's."""
    cursor.execute("SELECT " + ", ".join(f"current_setting('{name}')" for name in TIME_OUTS))
    return [name for name, value in zip(TIME_OUTS, cursor.fetchone(), strict=True) if value == "0"]


def require(connection: extensions.connection) -> None:
    """Look whether a new connection has its time-outs; where not, set them for it alone and say how to mend it."""
    with extensions.cursor(connection) as cursor:
        if not (lacking := missing(cursor)):
            return
        log.warning(
            "the database role has no time-outs: run the release (python -m cli.release), or as an administrator: "
            + " ".join(statements(cursor, lacking))
            + " Until then a pooler in transaction mode may let a query run for ever."
        )
        cursor.execute("; ".join(f"SET {name} = '{TIME_OUTS[name]}'" for name in lacking))
