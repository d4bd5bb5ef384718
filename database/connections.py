"""Connections of psycopg2 whose BEGIN travels in one message with the first statement.

psycopg2 sends BEGIN by itself and waits for the answer: a round trip before every transaction's first query. Here
psycopg2 is told that it has no transactions (autocommit); this module opens and ends them. To SQLAlchemy a connection
behaves as any of psycopg2's: it is in a transaction from its first statement until `commit` or `rollback`.
"""

import select
import time
from collections.abc import Sequence
from typing import Any

import psycopg2
from psycopg2 import extensions, sql

BEGIN = "BEGIN;"


class Cursor(extensions.cursor):
    """A cursor that opens its connection's transaction."""

    def execute(self, query: Any, vars: Any = None) -> None:  # the names are psycopg2's
        """Run the statement, with BEGIN before it where the transaction isn't open yet."""
        super().execute(_with_begin(query) if self.connection.is_before_begin() else query, vars)

    def executemany(self, query: Any, vars_list: Sequence[Any]) -> None:
        """Run the statement for each of the values."""
        self.connection.begin()
        super().executemany(query, vars_list)

    def copy_expert(self, *args: Any, **options: Any) -> None:
        """Run COPY."""
        self.connection.begin()
        super().copy_expert(*args, **options)


class Connection(extensions.connection):
    """A connection that is in a transaction from its first statement on."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        extensions.connection.autocommit.__set__(self, True)
        self._is_autocommit = False
        self._rests_since: float | None = None
        # What runs each statement that is prepared here; None where none may be (`database/prepared.py`).
        self.plans: dict[str, str] | None = None

    @property
    def autocommit(self) -> bool:
        """Whether statements stand alone, as far as the user of this connection knows."""
        return self._is_autocommit

    @autocommit.setter
    def autocommit(self, value: bool) -> None:
        self._is_autocommit = value

    def set_isolation_level(self, level: int | None) -> None:
        """Choose between transactions of the default level and none; nothing here needs another."""
        if level not in (None, extensions.ISOLATION_LEVEL_AUTOCOMMIT, extensions.ISOLATION_LEVEL_READ_COMMITTED):
            raise psycopg2.NotSupportedError(f"isolation level {level} isn't supported here")
        self._is_autocommit = level == extensions.ISOLATION_LEVEL_AUTOCOMMIT

    def is_before_begin(self) -> bool:
        """Say whether the next statement opens a transaction; libpq knows without asking the server."""
        return not self._is_autocommit and self.get_transaction_status() == extensions.TRANSACTION_STATUS_IDLE

    def begin(self) -> None:
        """Open the transaction by a message of its own, for what can't carry BEGIN along."""
        if self.is_before_begin():
            self._say("BEGIN")

    def commit(self) -> None:
        """End the transaction, if there is one."""
        self._end("COMMIT")

    def rollback(self) -> None:
        """Take the transaction back, if there is one.

        Where the connection is lost, the server has done it: that is no error. What a server or a pooler says
        instead, it says before it hangs up; so do we. The pool replaces the connection when somebody wants it.
        """
        if self.closed:
            return
        try:
            self._end("ROLLBACK")
        except psycopg2.Error:
            self.close()

    def rest(self) -> None:
        """Note that nobody uses the connection from now on."""
        self._rests_since = time.monotonic()

    def is_doubtful(self, after_s: float) -> bool:
        """Say whether the connection may be dead: it rested for `after_s`, or its server has said or closed something.

        A server that shuts down, or a pooler, closes its sockets, and the kernel knows: that costs no round trip. The
        loss of a network is seen by time alone.
        """
        if self.closed:
            return True
        if self._rests_since is None:
            return False
        if time.monotonic() - self._rests_since > after_s:
            return True
        waiting = select.poll()
        waiting.register(self.fileno(), select.POLLIN)
        return bool(waiting.poll(0))

    def answers(self) -> bool:
        """Ask the server for a sign of life."""
        try:
            self._say("SELECT 1")
        except psycopg2.Error:
            return False
        return True

    def _end(self, statement: str) -> None:
        if self.closed:
            raise psycopg2.InterfaceError("connection already closed")
        if self.get_transaction_status() != extensions.TRANSACTION_STATUS_IDLE:
            self._say(statement)

    def _say(self, statement: str) -> None:
        with extensions.cursor(self) as cursor:
            cursor.execute(statement)


def _with_begin(query: Any) -> Any:
    if isinstance(query, bytes):
        return BEGIN.encode() + query
    return sql.SQL(BEGIN) + query if isinstance(query, sql.Composable) else BEGIN + query
