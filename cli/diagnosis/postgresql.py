"""PostgreSQL as the site uses it: its version and settings, its clock, its room, the role, and the schema."""

import contextlib
from collections.abc import Iterator
from typing import Any

import psycopg2
from alembic.script import ScriptDirectory

from cli.checks import Refusal
from cli.diagnosis.findings import Finding, clock, fault, left, measured, note, well
from cli.engines.outside import PATIENCE_S, require_postgresql
from config import ROOT, Settings
from database import time_outs
from database.pool import OVERFLOW, SIZE
from database.troubles import RELEASE

OLDEST = 16
# The scheduler and the gateway, each with a pool of its own.
BESIDE_WEB = 2
# What would lose answers that people were told are saved; PostgreSQL's own defaults are right.
DURABLE = {"fsync": "on", "full_page_writes": "on"}
SAFE_COMMITS = ("on", "local", "remote_write", "remote_apply")


def look(settings: Settings) -> Iterator[Finding]:
    """Look at the database of DATABASE_URL."""
    try:
        require_postgresql(settings.database_url)
    except Refusal as error:
        yield fault("reached", str(error), "start PostgreSQL, or mend DATABASE_URL")
        return
    url = settings.database_url.replace("+psycopg2", "", 1)
    with contextlib.closing(psycopg2.connect(url, connect_timeout=PATIENCE_S)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield from _of_server(cursor)
            yield from _room(cursor, settings, is_pooled=_is_pooled(connection, cursor))
            yield from _of_role(cursor)
            yield from _schema(cursor)


def _of_server(cursor: Any) -> Iterator[Finding]:
    version = str(_one(cursor, "SHOW server_version")).split()[0]
    major = int(_one(cursor, "SHOW server_version_num")) // 10_000
    if major < OLDEST:
        yield fault("version", f"{version} is too old", f"upgrade PostgreSQL to {OLDEST} or newer")
    else:
        yield well("version", version)
    yield clock("clock", *measured(lambda: float(_one(cursor, "SELECT extract(epoch FROM clock_timestamp())"))))
    if _one(cursor, "SELECT pg_is_in_recovery()"):
        yield fault("writable", "this is a standby, which takes no answers", "name the primary in DATABASE_URL")
    encoding = _one(cursor, "SHOW server_encoding")
    if encoding != "UTF8":
        yield fault("encoding", f"{encoding}: names and answers can't be kept", "createdb --encoding=UTF8, and restore")
    loose = [name for name, value in DURABLE.items() if _one(cursor, f"SHOW {name}") != value]
    commit = _one(cursor, "SHOW synchronous_commit")
    if commit not in SAFE_COMMITS:
        loose.append("synchronous_commit")
    if loose:
        lines = "; ".join(f"ALTER SYSTEM SET {name} = on" for name in loose)
        yield fault(
            "durable", f"off: {', '.join(loose)}. A power cut loses saved answers", f"{lines}; SELECT pg_reload_conf();"
        )
    else:
        yield well("durable", "what was saved outlasts a power cut")
    yield from _collation(cursor)


def _collation(cursor: Any) -> Iterator[Finding]:
    cursor.execute(
        "SELECT datname, datcollversion, pg_database_collation_actual_version(oid) FROM pg_database"
        " WHERE datname = current_database()"
    )
    name, kept, actual = cursor.fetchone()
    if kept != actual:
        yield fault(
            "collation",
            f"the indexes were made with the collation {kept}, the system has {actual}: look-ups may miss rows",
            f'REINDEX DATABASE "{name}"; ALTER DATABASE "{name}" REFRESH COLLATION VERSION;',
        )


def _room(cursor: Any, settings: Settings, *, is_pooled: bool) -> Iterator[Finding]:
    """Compare the connections that there may be with those that the processes may open."""
    each = SIZE + OVERFLOW
    wanted = (settings.web_concurrency + BESIDE_WEB) * each
    words = f"{settings.web_concurrency} web processes, a scheduler and a gateway may open {wanted}"
    if is_pooled:
        yield left("connections", f"a pooler stands between; {words} of it", "max_client_conn in pgbouncer.ini")
        return
    cursor.execute(
        "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int"
        " - coalesce(current_setting('reserved_connections', true), '0')::int,"
        " (SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user),"
        " (SELECT datconnlimit FROM pg_database WHERE datname = current_database()),"
        " (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')"
    )
    of_server, of_role, of_database, used = cursor.fetchone()
    room = min(limit for limit in (of_server, of_role, of_database) if limit >= 0)
    if room >= wanted:
        yield well("connections", f"{room} allowed, {used} open now; {words}")
        return
    yield fault(
        "connections",
        f"{room} allowed, and {words}: in a rush people get 503",
        f"ALTER SYSTEM SET max_connections = {wanted + 20}; and restart PostgreSQL, or put PgBouncer between "
        "(deploy/pgbouncer), or lower WEB_CONCURRENCY",
    )


def _of_role(cursor: Any) -> Iterator[Finding]:
    lacking = time_outs.missing(cursor)
    if lacking:
        lines = " ".join(time_outs.statements(cursor, lacking))
        yield fault(
            "time-outs", f"the role has no {', '.join(lacking)}: a query may run for ever", f"{RELEASE}, or: {lines}"
        )
    else:
        yield well("time-outs", "the role has all three")
    if _one(cursor, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
        role = _one(cursor, "SELECT quote_ident(current_user)")
        yield note(
            "role", f"{role} is a superuser, and needs no more than its own database", f"ALTER ROLE {role} NOSUPERUSER;"
        )
    else:
        yield well("role", "an ordinary one")
    if _one(cursor, "SELECT to_regclass('pg_stat_statements') IS NULL"):
        yield note(
            "statistics",
            "without pg_stat_statements nobody can say which statements take the time",
            "shared_preload_libraries = pg_stat_statements, restart, CREATE EXTENSION pg_stat_statements;",
        )


def _schema(cursor: Any) -> Iterator[Finding]:
    heads = set(ScriptDirectory(str(ROOT / "migrations")).get_heads())
    if _one(cursor, "SELECT to_regclass('alembic_version') IS NULL"):
        yield fault("schema", "the database has no tables of Yurt", RELEASE)
        return
    cursor.execute("SELECT version_num FROM alembic_version")
    there = {row[0] for row in cursor.fetchall()}
    if there == heads:
        yield well("schema", f"at {', '.join(sorted(heads))}, as this version wants it")
    else:
        yield fault(
            "schema",
            f"at {', '.join(sorted(there)) or 'nothing'}, and this version wants {', '.join(sorted(heads))}",
            RELEASE,
        )


def _is_pooled(connection: Any, cursor: Any) -> bool:
    """Say whether a pooler stands between: it names a process of its own."""
    return bool(_one(cursor, "SELECT pg_backend_pid()") != connection.get_backend_pid())


def _one(cursor: Any, statement: str) -> Any:
    cursor.execute(statement)
    return cursor.fetchone()[0]
