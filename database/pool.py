"""The pool of one process: how many connections, when one is tried before use, and its figures for operators.

The figures are read from the pool itself after each change, never added up from events: an event that doesn't come
(a connection that was killed) would leave them wrong for ever.
"""

import os
import threading
import time
from typing import Any

from prometheus_client import Counter, Gauge, Histogram
from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool
from sqlalchemy.util import queue

from database import time_outs
from database.connections import Connection, Cursor

SIZE, OVERFLOW = 20, 10
WAIT_S = 5
# A connection that rested so long is asked for a sign of life before it is used.
TRIED_AFTER_S = 30.0

# Those of processes that have ended don't count.
_PER = ["process"]
IN_USE = Gauge("yurt_db_pool_in_use", "Connections checked out of the pool.", _PER, multiprocess_mode="liveall")
IDLE = Gauge("yurt_db_pool_idle", "Connections that rest in the pool.", _PER, multiprocess_mode="liveall")
SIZES = Gauge("yurt_db_pool_size", "Connections that the pool keeps open at most.", _PER, multiprocess_mode="liveall")
LIMITS = Gauge("yurt_db_pool_limit", "Connections that there may be at once.", _PER, multiprocess_mode="liveall")
OVERFLOWS = Gauge("yurt_db_pool_overflow", "Connections open beyond the size.", _PER, multiprocess_mode="liveall")
WAITING = Gauge("yurt_db_pool_waiting", "Threads that wait for a connection.", _PER, multiprocess_mode="liveall")
GAUGES = (IN_USE, IDLE, SIZES, LIMITS, OVERFLOWS, WAITING)
WAITED = Histogram(
    "yurt_db_pool_wait_seconds",
    "How long threads waited for a connection of a pool that was exhausted.",
    buckets=(0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
EXHAUSTED = Counter("yurt_db_pool_exhausted_total", "Waits that ended without a connection: the pool's time-outs.")


class WaitingQueue(queue.Queue[ConnectionPoolEntry]):
    """The pool's queue; it knows how many wait in it."""

    def __init__(self, maxsize: int = 0, use_lifo: bool = False) -> None:
        super().__init__(maxsize, use_lifo)
        self.waiting = 0
        self.process = ""
        self._counting = threading.Lock()

    def get(self, block: bool = True, timeout: float | None = None) -> ConnectionPoolEntry:
        """Return what is there, or wait for it."""
        if not block:
            return super().get(block, timeout)
        began = time.perf_counter()
        self._count(+1)
        try:
            return super().get(block, timeout)
        finally:
            self._count(-1)
            WAITED.observe(time.perf_counter() - began)

    def _count(self, change: int) -> None:
        with self._counting:
            self.waiting += change
            WAITING.labels(self.process).set(self.waiting)


class Pool(QueuePool):
    """SQLAlchemy's pool, whose figures stand in the metrics as they are."""

    _queue_class = WaitingQueue
    process = ""
    _pool: WaitingQueue

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._showing = threading.Lock()
        self._shown: list[Gauge] = []
        # The process that wrote, and what it wrote last, in the order of GAUGES.
        self._written: tuple[int, ...] = (0,) * (1 + len(GAUGES))
        # Gauges are set from the first use on, which is in the process that they count for: a pool is made before a
        # fork.
        self._pool.process = self.process

    def show(self) -> None:
        """Write down how the pool stands now."""
        # One at a time, so that the last to write has read the newest figures.
        with self._showing:
            # Looked up once: each connection that is taken passes here twice.
            self._shown = self._shown or [gauge.labels(self.process) for gauge in GAUGES]
            size, limit = self.size(), self.size() + self._max_overflow
            overflow, waiting = max(0, self.overflow()), self._pool.waiting
            figures = (os.getpid(), self.checkedout(), self.checkedin(), size, limit, overflow, waiting)
            # A copy of this process has files of its own, where none of it is written yet.
            is_ours = self._written[0] == figures[0]
            for gauge, figure, written in zip(self._shown, figures[1:], self._written[1:], strict=True):
                if not is_ours or figure != written:
                    gauge.set(figure)
            self._written = figures

    def dispose(self) -> None:
        """Close every connection that rests."""
        super().dispose()
        self.show()

    def _do_get(self) -> ConnectionPoolEntry:
        try:
            return super()._do_get()
        except PoolTimeout:
            EXHAUSTED.inc()
            raise
        finally:
            self.show()

    def _do_return_conn(self, record: ConnectionPoolEntry) -> None:
        try:
            super()._do_return_conn(record)
        finally:
            self.show()


def engine_options(process: str) -> dict[str, Any]:
    """Return the pool of one process: at most 30 connections."""
    return {
        # SQLAlchemy makes the pool, and has no argument for this.
        "poolclass": type("Pool", (Pool,), {"process": process}),
        "pool_size": SIZE,
        "max_overflow": OVERFLOW,
        "pool_recycle": 3600,
        "pool_timeout": WAIT_S,
        # The connection that was used last is the warmest, and needn't be tried.
        "pool_use_lifo": True,
        # It would ask each new connection for a type that no table has.
        "use_native_hstore": False,
        "connect_args": {
            "connection_factory": Connection,
            "cursor_factory": Cursor,
            "connect_timeout": 5,
            "keepalives_idle": 30,
        },
    }


def watch_pool(engine: Engine) -> None:
    """Name and look at new connections, and try those that rested before they are used."""
    pool = engine.pool
    assert isinstance(pool, Pool)

    @event.listens_for(engine, "do_connect")
    def naming(_dialect: Any, _record: Any, _args: Any, options: dict[str, Any]) -> None:
        # In pg_stat_activity. Not before: a web worker is a fork of the process that made the engine.
        options["application_name"] = f"yurt-{pool.process}-{os.getpid()}"

    @event.listens_for(engine, "connect")
    def made(connection: Connection, _record: Any) -> None:
        time_outs.require(connection)

    @event.listens_for(engine, "checkin")
    def back(connection: Connection | None, _record: Any) -> None:
        if connection is not None:
            connection.rest()

    @event.listens_for(engine, "checkout")
    def out(connection: Connection, _record: Any, _fairy: Any) -> None:
        if connection.is_doubtful(TRIED_AFTER_S) and not connection.answers():
            # Connections of the same age are doubtful, too: the pool drops them and opens a new one at once.
            raise InvalidatePoolError
