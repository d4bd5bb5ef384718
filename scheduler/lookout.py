"""Asks PostgreSQL for all ticks together, in one statement: what is due, what waits, what is needed.

So a scheduler at rest costs one statement each time, however many kinds of work and threads it has.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Flask
from sqlalchemy import DateTime, bindparam, select
from sqlalchemy.dialects import postgresql

from extensions import db
from scheduler.tick import Tick


@dataclass(frozen=True)
class Seen:
    """What the statement returned for one tick. `due_at` may lie ahead; None where no row is or will be due."""

    due_at: datetime | None = None
    oldest: datetime | None = None
    needs: Any = True


class Lookout:
    """Asks for the ticks that have something to ask."""

    def __init__(self, app: Flask, ticks: Sequence[Tick]) -> None:
        self._app = app
        self._ticks = [tick for tick in ticks if tick.due or tick.needs or tick.oldest]
        now = bindparam("now", None, type_=DateTime(timezone=True))
        statement = select(
            *(
                ask(now).label(f"{tick.name}_{what}")
                for tick in self._ticks
                for what, ask in (("due", tick.due), ("oldest", tick.oldest), ("needs", tick.needs))
                if ask is not None
            )
        )
        # Made once, down to the text: it is the same at each look, and making it costs more than asking.
        dialect = postgresql.psycopg2.dialect()  # type: ignore[no-untyped-call]  # theirs
        made = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
        self._text, self._values = str(made), dict(made.params)

    def look(self, now: datetime) -> dict[str, Seen]:
        """Return each tick's state by its name. One round trip: the statement needs no transaction."""
        if not self._ticks:
            return {}
        with self._app.app_context(), db.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            row = dict(connection.exec_driver_sql(self._text, {**self._values, "now": now}).one()._mapping)
        return {tick.name: _seen(tick, row) for tick in self._ticks}


def _seen(tick: Tick, row: dict[str, Any]) -> Seen:
    due_at = row.get(f"{tick.name}_due")
    oldest = row.get(f"{tick.name}_oldest") if tick.oldest else due_at
    return Seen(due_at, oldest, row.get(f"{tick.name}_needs", True))
