"""How ticks run: in their own threads, each with its own session, again and again.

1. One thread looks out: a statement every POLL_S, or at once after a nudge, says for all ticks what is due. 2. The bell
of a tick with due rows is rung, which wakes one thread. Having claimed a row, that thread wakes the next one. 3. A
thread works until nothing is due: each row is claimed and committed, the call made, the outcome committed by
   compare-and-set.
4. A fault of the database or of Redis is logged once and waited out; a faulty row is put off, not the tick.
5. Each round leaves a heartbeat, its duration, its failures, and the age of the oldest due row. A tick with nothing to
   do has its heartbeat from the lookout.
6. SIGTERM lets the row in hand finish.
"""

import threading
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial

import structlog
from flask import Flask
from prometheus_client import Counter, Gauge, Histogram
from redis import Redis, RedisError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from backends import BackendError
from extensions import db
from models import utcnow
from route_names import work_as
from scheduler.lookout import Lookout, Seen
from scheduler.tick import Tick
from services.heartbeats import HEARTBEATS

__all__ = ["Tick", "Workers"]

# How often the lookout asks; so a lost nudge costs this much at most.
POLL_S = 1.8
# How often heartbeats are sent, all together.
TELL_S = 3.0
FIRST_WAIT_S, LONGEST_WAIT_S = 0.1, 2.0

ROUNDS = Histogram("yurt_scheduler_tick_seconds", "Time that a round of a tick took.", ["tick"])
FAILURES = Counter("yurt_scheduler_failures_total", "Rounds of a tick that failed.", ["tick"])
OLDEST = Gauge(
    "yurt_scheduler_oldest_due_seconds",
    "Age of what is due longest, by tick.",
    ["tick"],
    multiprocess_mode="livemostrecent",
)

log = structlog.get_logger("yurt.scheduler")


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
            detail = str(error).split("\n")[0][:200]
            log.warning(f"{part} unavailable", error=type(error).__name__, detail=detail, report=error, part=part)

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


class Heartbeats:
    """When each tick last ended as it should; sent to Redis every TELL_S."""

    def __init__(self, redis: Redis, outages: Outages) -> None:
        self._redis, self._outages = redis, outages
        self._new: dict[str, str] = {}
        self._lock = threading.Lock()
        self._told_at = 0.0

    def beat(self, name: str) -> None:
        """Note that a tick ended, or goes on, as it should."""
        with self._lock:
            self._new[name] = str(time.time())

    def tell(self, *, is_last: bool = False) -> None:
        """Send the new heartbeats, every few seconds and at the end."""
        if not is_last and time.monotonic() - self._told_at < TELL_S:
            return
        with self._lock:
            new, self._new = self._new, {}
        if not new:
            return
        try:
            self._redis.hset(HEARTBEATS, mapping=dict(new.items()))
        except RedisError as error:
            self._outages.down("redis", error)  # the age of the heartbeats says so, too
        else:
            self._outages.up("redis")
            self._told_at = time.monotonic()


class Workers:
    """The threads of one scheduler process."""

    def __init__(self, app: Flask, redis: Redis, ticks: list[Tick], alive: Callable[[], None] = lambda: None) -> None:
        self._app, self._ticks, self._alive = app, ticks, alive
        self.outages = Outages()
        self._heartbeats = Heartbeats(redis, self.outages)
        self._lookout = Lookout(app, ticks)
        self._oldest = {tick.name: OLDEST.labels(tick.name) for tick in ticks if tick.due or tick.oldest}
        self._ending, self._nudged = threading.Event(), threading.Event()
        self._topics: set[str] = set()
        self._lock = threading.Lock()
        for tick in ticks:
            tick.beat, tick.is_over = partial(self._heartbeats.beat, tick.name), self._ending.is_set
        # Daemons, so that a call that never returns can't hold up the process's end.
        self._threads = [
            threading.Thread(target=self._run, args=(tick,), name=f"{tick.name}-{number}", daemon=True)
            for tick in ticks
            for number in range(tick.threads)
        ]
        self._watch = threading.Thread(target=self._look_out, name="lookout", daemon=True)

    def start(self) -> None:
        """Start every thread."""
        for thread in (self._watch, *self._threads):
            thread.start()

    def nudge(self, topic: str) -> None:
        """Look at once, and wake the ticks of `topic`; all of them for an empty one."""
        with self._lock:
            self._topics.add(topic)
        self._nudged.set()

    def end(self, within_s: float) -> bool:
        """Ask every thread to finish what it has in hand; return whether all did."""
        self._ending.set()
        self._nudged.set()
        deadline = time.monotonic() + within_s
        while (alive := [thread for thread in self._threads if thread.is_alive()]) and time.monotonic() < deadline:
            for tick in self._ticks:
                tick.bell.ring()
            alive[0].join(0.02)
        self._watch.join(max(0.1, deadline - time.monotonic()))
        self._heartbeats.tell(is_last=True)
        return not any(thread.is_alive() for thread in self._threads)

    def _look_out(self) -> None:
        work_as("scheduler.lookout")
        wait = FIRST_WAIT_S
        while not self._ending.is_set():
            self._nudged.clear()
            with self._lock:
                topics, self._topics = self._topics, set()
            try:
                pause, wait = self._look(topics), FIRST_WAIT_S
            except (OperationalError, InterfaceError, PoolTimeout) as error:
                self.outages.down("postgresql", error)
                pause, wait = wait, min(wait * 2, LONGEST_WAIT_S)
                self._keep(topics)
            except Exception:
                # Our own mistake: say all about it, and go by the intervals.
                log.exception("look failed")
                pause = POLL_S
                self._keep(topics)
            self._heartbeats.tell()
            self._alive()
            self._nudged.wait(pause)
        self._lookout.leave()

    def _keep(self, topics: set[str]) -> None:
        """Keep the nudges of a look that failed for the next one."""
        with self._lock:
            self._topics |= topics

    def _look(self, topics: set[str]) -> float:
        """Ring the bells of ticks with work; return how long to wait until the next look."""
        was_down = self.outages.is_down("postgresql")
        now = utcnow()
        states = self._lookout.look(now)
        self.outages.up("postgresql")
        next_at: list[datetime] = []
        for tick in self._ticks:
            state = states.get(tick.name, Seen())
            has_changed, tick.needs_seen = state.needs != tick.needs_seen, state.needs
            is_due = state.due_at is not None and state.due_at <= now
            is_meant = "" in topics or (bool(tick.topic) and tick.topic in topics)
            # A nudged tick that only works at due rows isn't woken without one.
            is_meant = is_meant and tick.interval_s is not None
            if is_due or was_down or (tick.is_needed and (is_meant or has_changed)):
                tick.bell.ring()
            elif tick.interval_s is None or not tick.is_needed or tick.resting:
                tick.beat()
            if state.due_at is not None and not is_due:
                next_at.append(state.due_at)
            if tick.name in self._oldest:
                oldest = state.oldest
                self._oldest[tick.name].set(max(0.0, (now - oldest).total_seconds()) if oldest else 0)
        return min([POLL_S, *((at - now).total_seconds() for at in next_at)])

    def _run(self, tick: Tick) -> None:
        work_as(f"scheduler.{tick.name}")
        wait = FIRST_WAIT_S
        if tick.interval_s is None:
            tick.rest()
        while not self._ending.is_set():
            if self._round(tick):
                wait = FIRST_WAIT_S
                self._rest(tick)
            else:
                tick.bell.wait(wait)
                wait = min(wait * 2, LONGEST_WAIT_S)

    def _rest(self, tick: Tick) -> None:
        """Wait for the bell, or for the next interval in which the tick is needed."""
        while not tick.rest(self._pause(tick)):
            if tick.has_work() and (tick.is_needed or tick.idle_s is not None):
                return

    def _pause(self, tick: Tick) -> float | None:
        """Return how long a tick rests that nobody rings for; None for ever. The lookout rings when it is needed."""
        if tick.interval_s is None or not tick.is_needed:
            return tick.idle_s
        is_deaf = bool(tick.topic) and self.outages.is_down("redis")
        return min(tick.interval_s, POLL_S) if is_deaf else tick.interval_s

    def _round(self, tick: Tick) -> bool:
        began = time.perf_counter()
        try:
            while not self._ending.is_set() and self._piece(tick):
                pass
        except (OperationalError, InterfaceError, PoolTimeout) as error:
            self.outages.down("postgresql", error)
            return self._failed(tick)
        except RedisError as error:
            self.outages.down("redis", error)
            return self._failed(tick)
        except BackendError as error:
            self.outages.down(f"lab backend for {tick.name}", error)
            # The tick itself is well; that the cluster is away has a metric of its own.
            tick.beat()
            return self._failed(tick)
        except Exception:
            # Our own mistake: say all about it, and keep the other rows going.
            log.exception("tick failed", tick=tick.name)
            return self._failed(tick)
        self.outages.up("postgresql")
        self.outages.up(f"lab backend for {tick.name}")
        ROUNDS.labels(tick.name).observe(time.perf_counter() - began)
        tick.beat()
        return True

    def _failed(self, tick: Tick) -> bool:
        FAILURES.labels(tick.name).inc()
        return False

    def _piece(self, tick: Tick) -> bool:
        with self._app.app_context():
            try:
                return tick.piece()
            finally:
                db.session.remove()
