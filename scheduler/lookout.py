"""Asks PostgreSQL for all ticks together, in one statement: what is due, what waits, what is needed.

So a scheduler at rest costs one statement each time, however many kinds of work and threads it has. The statement is
made once, down to its text, and goes straight to the driver on a connection that is kept: at rest nothing else is done
as often.
"""

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import psycopg2
from flask import Flask
from sqlalchemy import ColumnElement, DateTime, bindparam, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import PoolProxiedConnection

from database import queries
from database.connections import Connection
from database.pool import TRIED_AFTER_S
from extensions import db
from scheduler.tick import Tick

# The connection goes back to the pool now and then, which renews those that have become old.
KEPT_S = 600.0


class Seen(NamedTuple):
    """What the statement returned for one tick. `due_at` may lie ahead; None where no row is or will be due."""

    due_at: datetime | None = None
    oldest: datetime | None = None
    needs: Any = True


class Lookout:
    """Asks for the ticks that have something to ask. For one thread."""

    def __init__(self, app: Flask, ticks: Sequence[Tick]) -> None:
        self._app = app
        now = bindparam("now", None, type_=DateTime(timezone=True))
        questions: list[ColumnElement[Any]] = []
        self._places: dict[str, dict[str, int]] = {}
        for tick in ticks:
            places: dict[str, int] = {}
            for what, ask in (("due_at", tick.due), ("oldest", tick.oldest), ("needs", tick.needs)):
                if ask is not None:
                    places[what] = len(questions)
                    questions.append(ask(now).label(f"{tick.name}_{what}"))
            if tick.due and not tick.oldest:
                places["oldest"] = places["due_at"]
            if places:
                self._places[tick.name] = places
        dialect = postgresql.psycopg2.dialect()  # type: ignore[no-untyped-call]  # theirs
        made = select(*questions).compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
        self._text, self._values = str(made), dict(made.params)
        self._connection: PoolProxiedConnection | None = None
        self._kept_since = 0.0

    def look(self, now: datetime) -> dict[str, Seen]:
        """Return each tick's state by its name. One round trip: the statement needs no transaction."""
        if not self._places:
            return {}
        row = self._ask({**self._values, "now": now})
        return {
            name: Seen(**{what: row[place] for what, place in places.items()}) for name, places in self._places.items()
        }

    def leave(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            _raw(connection).autocommit = False
            connection.close()

    def _ask(self, values: dict[str, Any]) -> Any:
        try:
            return self._say(self._driver(), values)
        except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
            self._drop()
            raise OperationalError(self._text, None, error) from error

    def _say(self, driver: Connection, values: dict[str, Any]) -> Any:
        began = time.perf_counter()
        try:
            with driver.cursor() as cursor:
                cursor.execute(self._text, values)
                row = cursor.fetchone()
        except psycopg2.Error as error:
            took = time.perf_counter() - began
            queries.note(self._text, took, queries.reason_of(error, is_lost=bool(driver.closed)))
            raise
        driver.rest()
        queries.note(self._text, time.perf_counter() - began, None)
        return row

    def _driver(self) -> Connection:
        """Return the driver's connection: the one that is kept, or another one where that is old or dead."""
        if self._connection is not None and time.monotonic() - self._kept_since > KEPT_S:
            self.leave()
        if self._connection is not None:
            driver = _raw(self._connection)
            if not driver.is_doubtful(TRIED_AFTER_S) or driver.answers():
                return driver
            self._drop()
        with self._app.app_context():
            self._connection = db.engine.raw_connection()
        self._kept_since = time.monotonic()
        driver = _raw(self._connection)
        driver.autocommit = True
        return driver

    def _drop(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.invalidate()


def _raw(connection: PoolProxiedConnection) -> Connection:
    driver = connection.driver_connection
    assert isinstance(driver, Connection)
    return driver
