"""Databases that tests have done with, made as new for the next ones: a copy of the template costs ten times as much.

A test may do to its database what it likes. Rows and sequences are put back; where the tables themselves are others
than before, the database is dropped.
"""

import contextlib
import io
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from tests.engines import Engines

# A row that is made or changed is of a later transaction than all before it.
CATALOGUES = (
    "pg_attrdef", "pg_attribute", "pg_class", "pg_constraint", "pg_extension", "pg_index", "pg_namespace", "pg_proc",
    "pg_statistic_ext", "pg_trigger", "pg_type",
)  # fmt: skip
SHAPE = " UNION ALL ".join(f"SELECT '{name}', count(*), max(xmin::text::bigint) FROM {name}" for name in CATALOGUES)
OPTIONS = """
    SELECT setrole::int, setconfig FROM pg_db_role_setting
    WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY setrole
"""
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
SEQUENCES = "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' ORDER BY sequencename"
LEAVE = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"


@dataclass
class Spare:
    """A database by its name of now, and what was in it when it was new."""

    name: str
    url: str
    kind: str
    shape: list[tuple[object, ...]]
    tables: list[str]
    rows: dict[str, str] = field(default_factory=dict)
    sequences: dict[str, tuple[int, bool]] = field(default_factory=dict)


class Spares:
    """The databases of one worker that nobody uses now."""

    def __init__(self, engines: Engines, worker: str) -> None:
        self.engines, self.worker = engines, worker
        self._free: list[Spare] = []

    def take(self, kind: str, copy: Callable[[str], str]) -> Spare:
        """Return a database of the kind as `copy` makes it from a name, under a name that no database had before."""
        for spare in self._free:
            if spare.kind == kind:
                self._free.remove(spare)
                if self._renew(spare, self._name()):
                    return spare
                self.engines.drop(spare.name)
                break
        name = self._name()
        return self._look(name, copy(name), kind)

    def give_back(self, spare: Spare) -> None:
        """Keep the database for a later test."""
        self._free.append(spare)

    def _name(self) -> str:
        return f"committed_{self.worker}_{secrets.token_hex(4)}"

    def _look(self, name: str, url: str, kind: str) -> Spare:
        with _inside(self._address(name)) as cursor:
            spare = Spare(name, url, kind, _shape(cursor), _names(cursor, TABLES))
            for table in spare.tables:
                rows = io.StringIO()
                cursor.copy_expert(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table)), rows)
                if rows.getvalue():
                    spare.rows[table] = rows.getvalue()
            for sequence in _names(cursor, SEQUENCES):
                cursor.execute(sql.SQL("SELECT last_value, is_called FROM {}").format(sql.Identifier(sequence)))
                spare.sequences[sequence] = cursor.fetchone()
        return spare

    def _renew(self, spare: Spare, name: str) -> bool:
        """Rename the database and put back what was in it; say no where it can't be as it was.

        Whoever still knows the old name, such as a thread that a test left behind, finds no database of that name.
        """
        try:
            self._command(LEAVE, spare.name)
            self._command(f'ALTER DATABASE "{spare.name}" RENAME TO "{name}"')
        except psycopg2.errors.ObjectInUse:
            return False
        spare.name, spare.url = name, self.engines.postgresql.url(name)
        with _inside(self._address(name)) as cursor:
            if _shape(cursor) != spare.shape:
                return False
            # No trigger and no foreign key looks at what is taken out and put in.
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(";".join(f'DELETE FROM "{table}"' for table in spare.tables))
            for table, rows in spare.rows.items():
                cursor.copy_expert(sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table)), io.StringIO(rows))
            for sequence, (last, is_called) in spare.sequences.items():
                cursor.execute("SELECT setval(%s, %s, %s)", (sequence, last, is_called))
        return True

    def _address(self, name: str) -> str:
        return self.engines.postgresql.url(name, "postgres")

    def _command(self, statement: str, *values: str) -> None:
        connection = psycopg2.connect(self._address("postgres"))
        connection.autocommit = True
        with contextlib.closing(connection), connection.cursor() as cursor:
            cursor.execute(statement, values or None)


@contextlib.contextmanager
def _inside(address: str) -> Iterator[Cursor]:
    connection: Connection = psycopg2.connect(address)
    with contextlib.closing(connection), connection, connection.cursor() as cursor:
        yield cursor


def _shape(cursor: Cursor) -> list[tuple[object, ...]]:
    found = []
    for question in (SHAPE, OPTIONS):
        cursor.execute(question)
        found += cursor.fetchall()
    return found


def _names(cursor: Cursor, question: str) -> list[str]:
    cursor.execute(question)
    return [row[0] for row in cursor.fetchall()]
