"""Statements whose plan a connection keeps: the first use prepares one, the later ones send its name and the values.

Planning a statement of five tables takes PostgreSQL several times as long as reading their rows. Whoever makes such a
statement for a hot path says so: `statement.execution_options(**KEEPS_PLAN)`. It travels in one message, either way.

A pooler in transaction mode gives each transaction another connection of the server, where nothing is prepared: there
every statement is sent whole. psycopg2 interpolates values itself, so PREPARE and EXECUTE are SQL, as in
https://www.postgresql.org/docs/current/sql-prepare.html.
"""

import itertools
import re
from typing import Any

import structlog
from psycopg2 import Error, errors, extensions
from sqlalchemy import Engine, event
from sqlalchemy.exc import CompileError

from database.connections import Connection

KEEPS_PLAN: Any = {"keeps_plan": True}
PLACEHOLDER = re.compile(r"%\(([^)]+)\)s")
# What a statement says that isn't there any more, or whose columns changed their types since (a release).
OUT_OF_DATE = (errors.InvalidSqlStatementName, errors.FeatureNotSupported)

log = structlog.get_logger("yurt.database")


def keep_plans(engine: Engine) -> None:
    """Let the connections of an engine keep the plans of statements that ask for it."""

    @event.listens_for(engine, "connect")
    def made(connection: Connection, _record: Any) -> None:
        if _is_direct(connection):
            connection.plans = {}

    @event.listens_for(engine, "do_execute")
    def executing(cursor: Any, statement: str, parameters: Any, context: Any) -> bool | None:
        if context is None or not context.execution_options.get("keeps_plan"):
            return None
        plans: dict[str, str] | None = cursor.connection.plans
        # A list of values is another statement for each length: loaders inherit the option with one.
        if plans is None or context.compiled.post_compile_params:
            return None
        _execute(cursor, plans, statement, parameters, context)
        return True


def _execute(cursor: Any, plans: dict[str, str], statement: str, parameters: Any, context: Any) -> None:
    """Run a statement by its plan, which this makes where there is none yet."""
    execution = plans.get(statement)
    opens = cursor.connection.is_before_begin()
    try:
        if execution is not None:
            cursor.execute(execution, parameters)
            return
        preparation, execution = _parts(statement, f"kept_{next(_numbers)}", context)
        cursor.execute(preparation + execution, parameters)
        plans[statement] = execution
    except OUT_OF_DATE as error:
        # All of them are made anew: a release changes more than one.
        plans.clear()
        log.info("plans are made anew", why=str(error).strip())
        if not opens:
            raise
        cursor.connection.rollback()
        cursor.execute(statement, parameters)


# A name is used once: what failed may have been prepared all the same.
_numbers = itertools.count(1)


def _parts(statement: str, name: str, context: Any) -> tuple[str, str]:
    """Return the SQL that prepares a statement, and what runs it with psycopg2's placeholders."""
    order: dict[str, int] = {}
    body = PLACEHOLDER.sub(lambda found: f"${order.setdefault(found[1], len(order) + 1)}", statement)
    types = ", ".join(_type_of(name, context) for name in order)
    values = ", ".join(f"%({name})s" for name in order)
    signature, given = (f" ({types})", f" ({values})") if order else ("", "")
    return f"PREPARE {name}{signature} AS {body};", f"EXECUTE {name}{given}"


def _type_of(name: str, context: Any) -> str:
    """Return the SQL type of a parameter; `unknown` leaves it to PostgreSQL."""
    try:
        return str(context.dialect.type_compiler_instance.process(context.compiled.binds[name].type))
    except CompileError:
        return "unknown"


def _is_direct(connection: extensions.connection) -> bool:
    """Say whether the server's process is the one that the connection was opened to: a pooler names one of its own."""
    try:
        with extensions.cursor(connection) as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            return bool(cursor.fetchone()[0] == connection.get_backend_pid())
    except Error:
        return False
