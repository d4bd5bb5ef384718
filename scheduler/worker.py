"""What ticks are made of, and how one runs: in its own thread, with its own session, again and again.

1. A tick waits for its nudge or its interval, whichever comes first.
2. It works until nothing is due: each row is claimed and committed, the call made, the outcome committed.
3. A fault of the database or the backend is logged once and waited out; a faulty row is put off, not the tick.
4. Each round leaves a heartbeat, its duration and its failures.
5. SIGTERM lets the row in hand finish.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog
from flask import Flask
from prometheus_client import Counter, Histogram
from redis import Redis, RedisError
from sqlalchemy.exc import SQLAlchemyError

from extensions import db
from scheduler.backends.base import BackendError

HEARTBEATS = "yurt:heartbeats"
LONGEST_WAIT_S = 5.0

TICKS = Histogram("yurt_scheduler_tick_seconds", "Time that a round of a tick took.", ["tick"])
FAILURES = Counter("yurt_scheduler_failures_total", "Rounds of a tick that failed.", ["tick"])

log = structlog.get_logger("yurt.scheduler")


@dataclass
class Tick:
    """A kind of work. `work` does one piece and says whether there may be more; `topic` is what it is nudged by."""

    name: str
    work: Callable[[], bool]
    interval_s: float
    topic: str = ""
    threads: int = 1
    woken: threading.Event = field(default_factory=threading.Event)


class Workers:
    """The threads of one scheduler process."""

    def __init__(self, app: Flask, redis: "Redis[bytes]", ticks: list[Tick]) -> None:
        self._app, self._redis, self._ticks = app, redis, ticks
        self._ending = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(tick,), name=f"{tick.name}-{number}")
            for tick in ticks
            for number in range(tick.threads)
        ]

    def start(self) -> None:
        """Start every thread."""
        for thread in self._threads:
            thread.start()

    def nudge(self, topic: str) -> None:
        """Wake the ticks of `topic`; all of them for an empty one."""
        for tick in self._ticks:
            if not topic or tick.topic == topic:
                tick.woken.set()

    def end(self, within_s: float) -> bool:
        """Ask every thread to finish what it has in hand; return whether all did."""
        self._ending.set()
        self.nudge("")
        deadline = time.monotonic() + within_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _run(self, tick: Tick) -> None:
        wait = 0.1
        while not self._ending.is_set():
            if self._round(tick):
                wait = 0.1
                tick.woken.wait(tick.interval_s)
                tick.woken.clear()
            else:
                self._ending.wait(wait)
                wait = min(wait * 2, LONGEST_WAIT_S)

    def _round(self, tick: Tick) -> bool:
        began = time.perf_counter()
        try:
            while not self._ending.is_set() and self._piece(tick):
                pass
        except (SQLAlchemyError, BackendError, RedisError, OSError) as error:
            FAILURES.labels(tick.name).inc()
            log.warning("tick failed", tick=tick.name, error=type(error).__name__, detail=str(error)[:200])
            return False
        except Exception:
            # Our own mistake: say all about it, and keep the other rows going.
            FAILURES.labels(tick.name).inc()
            log.exception("tick failed", tick=tick.name)
            return False
        TICKS.labels(tick.name).observe(time.perf_counter() - began)
        self._beat(tick)
        return True

    def _piece(self, tick: Tick) -> bool:
        with self._app.app_context():
            try:
                return tick.work()
            finally:
                db.session.remove()

    def _beat(self, tick: Tick) -> None:
        try:
            self._redis.hset(HEARTBEATS, tick.name, str(time.time()))
        except RedisError:
            return  # the age of the heartbeat then says that Redis or the scheduler is gone
