"""The view of pg_stat_statements: what statements cost in all. For operators; nothing here needs it."""

import contextlib

import psycopg2


def make(url: str) -> None:
    """Make the view where the server counts statements and the role may; elsewhere do nothing."""
    with (
        contextlib.suppress(psycopg2.Error),
        contextlib.closing(psycopg2.connect(url.replace("+psycopg2", "", 1), connect_timeout=5)) as connection,
    ):
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SHOW shared_preload_libraries")
            row = cursor.fetchone()
            if row and "pg_stat_statements" in row[0]:
                cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
