"""What ticks are made of, and how one runs: in its own threads, with its own session, again and again.

1. A tick waits for its nudge or its interval, whichever comes first.
2. It works until nothing is due: each row is claimed and committed, the call made, the outcome committed by
   compare-and-set.
3. A fault of the database or of Redis is logged once and waited out; a faulty row is put off, not the tick.
4. Each round leaves a heartbeat, its duration, its failures, and the age of what is due longest.
5. SIGTERM lets the row in hand finish.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import structlog
from flask import Flask
from prometheus_client import Counter, Gauge, Histogram
from redis import Redis, RedisError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from extensions import db
from models import utcnow
from scheduler.backends import BackendError

HEARTBEATS = "yurt:heartbeats"
# While Redis is gone nobody nudges.
POLL_S = 2.0
FIRST_WAIT_S, LONGEST_WAIT_S = 0.1, 5.0

ROUNDS = Histogram("yurt_scheduler_tick_seconds", "Time that a round of a tick took.", ["tick"])
FAILURES = Counter("yurt_scheduler_failures_total", "Rounds of a tick that failed.", ["tick"])
OLDEST = Gauge(
    "yurt_scheduler_oldest_due_seconds",
    "Age of what is due longest, by tick.",
    ["tick"],
    multiprocess_mode="livemostrecent",
)

log = structlog.get_logger("yurt.scheduler")


@dataclass
class Tick:
    """A kind of work. `work` does one piece and says whether there may be more; `topic` is what it is nudged by.

    `oldest` returns since when the first row is due. A piece that lasts says by `beat` that it goes on.
    """

    name: str
    work: Callable[[], bool]
    interval_s: float
    topic: str = ""
    threads: int = 1
    oldest: Callable[[], datetime | None] | None = None
    woken: threading.Event = field(default_factory=threading.Event)
    beat: Callable[[], None] = lambda: None


class Outages:
    """What doesn't answer at the moment: one line in the log when it goes, one when it is back."""

    def __init__(self) -> None:
        self._gone: set[str] = set()
        self._lock = threading.Lock()

    def down(self, part: str, error: BaseException) -> None:
        """Note that `part` doesn't answer."""
        with self._lock:
            is_new = part not in self._gone
            self._gone.add(part)
        if is_new:
            log.warning(f"{part} unavailable", error=type(error).__name__, detail=str(error).split("\n")[0][:200])

    def up(self, part: str) -> None:
        """Note that `part` answered."""
        if part not in self._gone:
            return
        with self._lock:
            is_back = part in self._gone
            self._gone.discard(part)
        if is_back:
            log.info(f"{part} is back")

    def is_down(self, part: str) -> bool:
        """Say whether `part` is known not to answer."""
        return part in self._gone


class Workers:
    """The threads of one scheduler process."""

    def __init__(self, app: Flask, redis: Redis, ticks: list[Tick]) -> None:
        self._app, self._redis, self._ticks = app, redis, ticks
        self.outages = Outages()
        self._ending = threading.Event()
        for tick in ticks:
            tick.beat = partial(self._beat, tick)
        # Daemons, so that a call that never returns can't hold up the process's end.
        self._threads = [
            threading.Thread(target=self._run, args=(tick,), name=f"{tick.name}-{number}", daemon=True)
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
        wait = FIRST_WAIT_S
        while not self._ending.is_set():
            if self._round(tick):
                wait = FIRST_WAIT_S
                is_deaf = self.outages.is_down("redis")
                tick.woken.wait(min(tick.interval_s, POLL_S) if is_deaf else tick.interval_s)
                tick.woken.clear()
            else:
                self._ending.wait(wait)
                wait = min(wait * 2, LONGEST_WAIT_S)

    def _round(self, tick: Tick) -> bool:
        began = time.perf_counter()
        try:
            while not self._ending.is_set() and self._piece(tick):
                pass
            self._measure(tick)
        except (OperationalError, InterfaceError, PoolTimeout) as error:
            self.outages.down("postgresql", error)
            return self._failed(tick)
        except RedisError as error:
            self.outages.down("redis", error)
            return self._failed(tick)
        except BackendError as error:
            self.outages.down(f"lab backend for {tick.name}", error)
            # The tick ends as it should: that the cluster is away is told by a metric of its own.
            self._beat(tick)
            return self._failed(tick)
        except Exception:
            # Our own mistake: say all about it, and keep the other rows going.
            log.exception("tick failed", tick=tick.name)
            return self._failed(tick)
        self.outages.up("postgresql")
        self.outages.up(f"lab backend for {tick.name}")
        ROUNDS.labels(tick.name).observe(time.perf_counter() - began)
        self._beat(tick)
        return True

    def _failed(self, tick: Tick) -> bool:
        FAILURES.labels(tick.name).inc()
        return False

    def _piece(self, tick: Tick) -> bool:
        with self._app.app_context():
            try:
                return tick.work()
            finally:
                db.session.remove()

    def _measure(self, tick: Tick) -> None:
        if tick.oldest is None:
            return
        with self._app.app_context():
            try:
                since = tick.oldest()
            finally:
                db.session.remove()
        OLDEST.labels(tick.name).set(max(0.0, (utcnow() - since).total_seconds()) if since else 0)

    def _beat(self, tick: Tick) -> None:
        try:
            self._redis.hset(HEARTBEATS, tick.name, str(time.time()))
        except RedisError as error:
            self.outages.down("redis", error)  # the age of the heartbeat says so, too
        else:
            self.outages.up("redis")
