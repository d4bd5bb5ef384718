"""Asks PostgreSQL whether what kept pages depend on still holds, for all who want to know at the same time.

While one statement is on its way, whoever comes waits for the next one, which answers all of them. So nobody is told
what stood before they asked, and a process has one such statement at a time, however many ask.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from database import queries
from services.kept_versions import Board, Depends

NUMBERS = "SELECT kept_numbers(%s)"
BOARD = ", board_stands(%s, %s, %s, %s)"
ATTEMPTS = ", untouched_attempts(%s)"


@dataclass
class _Turn:
    """One statement, and who waits for it."""

    asked: list[Depends] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)
    numbers: dict[str, int] = field(default_factory=dict)
    standing: dict[Board, bool] = field(default_factory=dict)
    untouched: set[int] = field(default_factory=set)
    error: SQLAlchemyError | None = None

    def changes(self, on: Depends) -> set[str]:
        """Return what changed of what was asked."""
        moved = {key for key, number in on.versions.items() if self.numbers[key] != number}
        if on.board is not None and not self.standing[on.board]:
            moved.add("board")
        if on.attempt is not None and on.attempt not in self.untouched:
            moved.add("attempt")
        return moved


class Asks:
    """Of one process and one database."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._joining = threading.Lock()
        self._asking = threading.Lock()
        self._next: _Turn | None = None

    def changes(self, on: Depends) -> set[str]:
        """Return what changed of what a page depends on: keys of versions, `board` and `attempt`.

        Raise SQLAlchemyError where PostgreSQL can't be asked.
        """
        return self.changes_of([on])[0]

    def changes_of(self, asked: Sequence[Depends]) -> list[set[str]]:
        """Return what changed of each; raise SQLAlchemyError."""
        with self._joining:
            is_first = self._next is None
            turn = self._next = self._next or _Turn()
            turn.asked.extend(asked)
        if is_first:
            with self._asking:
                with self._joining:
                    self._next = None
                self._ask(turn)
        else:
            turn.is_over.wait()
        if turn.error is not None:
            raise turn.error
        return [turn.changes(on) for on in asked]

    def _ask(self, turn: _Turn) -> None:
        keys = list({key for on in turn.asked for key in on.versions})
        boards = list({on.board for on in turn.asked if on.board is not None})
        attempts = list({on.attempt for on in turn.asked if on.attempt is not None})
        values: list[Any] = [keys]
        for board in boards:
            first_open = int(board.snapshot.split(":")[0])
            values += [board.course_id, board.epoch, board.snapshot, first_open]
        statement = NUMBERS + BOARD * len(boards)
        if attempts:
            statement, values = statement + ATTEMPTS, [*values, attempts]
        try:
            [[numbers, *standing]] = ask(self.engine, statement, values)
            if attempts:
                turn.untouched = set(standing.pop())
            turn.numbers = dict(zip(keys, numbers, strict=True))
            turn.standing = dict(zip(boards, standing, strict=True))
        except SQLAlchemyError as error:
            turn.error = error
        finally:
            turn.is_over.set()


def ask(engine: Engine, statement: str, values: Any) -> list[Any]:
    """Run a statement that stands alone, outside of any transaction; return its rows, or raise SQLAlchemyError."""
    began = time.perf_counter()
    connection = engine.raw_connection()
    try:
        driver: Any = connection.driver_connection
        driver.autocommit = True  # no BEGIN, and nothing to end
        try:
            with driver.cursor() as cursor:
                cursor.execute(statement, values)
                rows: list[Any] = cursor.fetchall()
        except engine.dialect.loaded_dbapi.Error as error:
            raise DBAPIError(statement, None, error) from error
        finally:
            driver.autocommit = False
    finally:
        connection.close()
    queries.note(statement, time.perf_counter() - began, None)
    return rows
