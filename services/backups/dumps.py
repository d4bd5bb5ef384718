"""The database as a dump, with the count of each table's rows at the very moment that the dump shows."""

import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import sql

from services.backups import programs
from services.backups.faults import BackupFault

CONNECT_S = 10
# So long a release may hold a table that the dump waits for.
LOCK_WAIT = "60s"
TABLE_DATA = re.compile(r"^\d+; \d+ \d+ TABLE DATA public (\S+) ", re.MULTILINE)
# What an ordinary role can't make, and a database has already; rights are those of whoever restores.
NOT_OURS = re.compile(r"^\d+; \d+ \d+ (EXTENSION|SCHEMA|COMMENT - (EXTENSION|SCHEMA)|ACL|DEFAULT ACL) ")
TABLES = """
    SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')
    AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') ORDER BY 1
"""


@dataclass(frozen=True)
class Dumped:
    """What a dump has: the rows of each table, the schema's version, and the server's."""

    rows: dict[str, int]
    schema: str
    server: str


@contextlib.contextmanager
def connected(url: str) -> Iterator[Any]:
    """Give a connection and close it; a database that is away is a BackupFault."""
    try:
        connection = psycopg2.connect(url.replace("+psycopg2", "", 1), connect_timeout=CONNECT_S)
    except psycopg2.OperationalError as error:
        raise BackupFault(f"PostgreSQL can't be reached: {str(error).strip().splitlines()[0]}") from None
    with contextlib.closing(connection):
        yield connection


def major_of(connection: Any) -> int:
    """Return the server's major version."""
    return int(connection.server_version) // 10_000


def dump(url: str, target: Path, beat: Callable[[], None] = lambda: None) -> Dumped:
    """Write a dump of the database while people work: it shows one moment, and so do the counts."""
    with connected(url) as connection:
        folder = programs.find(major_of(connection))
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        with connection.cursor() as cursor:
            # This transaction holds the moment for as long as the dump takes.
            cursor.execute("SET LOCAL statement_timeout = 0")
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            cursor.execute("SELECT pg_export_snapshot(), current_setting('server_version')")
            snapshot, server = cursor.fetchone()
            schema = schema_of(cursor)
            if schema is None:
                raise BackupFault("the database has no tables of Yurt: run the release (python -m cli.release) first")
            options = ("--format=custom", f"--snapshot={snapshot}", f"--lock-wait-timeout={LOCK_WAIT}")
            programs.run(folder / "pg_dump", url, *options, f"--file={target}", beat=beat)
            counts = rows(cursor, beat)
    require_whole(folder, target, counts)
    return Dumped(counts, schema, str(server).split()[0])


def require_whole(folder: Path, dumped: Path, counts: dict[str, int]) -> None:
    """Refuse a dump that pg_restore can't read, or that lacks a table."""
    there = set(TABLE_DATA.findall(programs.say(folder / "pg_restore", "--list", str(dumped))))
    if lacking := sorted(set(counts) - there):
        raise BackupFault(f"the dump lacks the tables {', '.join(lacking)}")


def load(url: str, dumped: Path, beat: Callable[[], None] = lambda: None) -> None:
    """Restore a dump as an ordinary role: all of it, or nothing."""
    with connected(url) as connection:
        folder = programs.find(major_of(connection))
    listed = programs.say(folder / "pg_restore", "--list", str(dumped)).splitlines(keepends=True)
    wanted = dumped.with_suffix(".list")
    wanted.write_text("".join(line for line in listed if not NOT_OURS.match(line)))
    options = ("--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction")
    try:
        programs.run(folder / "pg_restore", url, *options, f"--use-list={wanted}", str(dumped), beat=beat)
    finally:
        wanted.unlink()


def tables(cursor: Any) -> list[str]:
    """Return the names of the tables, but for those of extensions."""
    cursor.execute(TABLES)
    return [row[0] for row in cursor.fetchall()]


def rows(cursor: Any, beat: Callable[[], None] = lambda: None) -> dict[str, int]:
    """Count the rows of each table."""
    counts = {}
    for name in tables(cursor):
        beat()
        cursor.execute(sql.SQL("SELECT count(*) FROM public.{}").format(sql.Identifier(name)))
        counts[name] = int(cursor.fetchone()[0])
    return counts


def schema_of(cursor: Any) -> str | None:
    """Return the version of the schema, or None where there is none."""
    cursor.execute("SELECT to_regclass('public.alembic_version')")
    if cursor.fetchone()[0] is None:
        return None
    cursor.execute("SELECT version_num FROM public.alembic_version")
    row = cursor.fetchone()
    return str(row[0]) if row else None
