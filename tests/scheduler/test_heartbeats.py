"""What a tick leaves for those who watch: a heartbeat whenever it ends, and while it follows a stream."""

import threading
import time
from typing import Any

import pytest

from backends import BackendUnavailable, Change
from scheduler.ticks import make_ticks
from scheduler.worker import Tick, Workers
from services.heartbeats import HEARTBEATS
from tests.scheduler.scripted import ScriptedBackend
from tests.sites import until


def away() -> bool:
    raise BackendUnavailable("away")


def broken() -> bool:
    raise ValueError("a mistake of ours")


@pytest.mark.parametrize(("work", "is_beating"), [(lambda: False, True), (away, True), (broken, False)])
def test_a_cluster_that_is_away_is_no_scheduler_that_stands(app: Any, db: Any, work: Any, is_beating: bool) -> None:
    redis = app.extensions["yurt_redis"]
    has_begun = threading.Event()

    def piece() -> bool:
        has_begun.set()
        return bool(work())

    workers = Workers(app, redis, [Tick("probe", piece, interval_s=60.0)])

    workers.start()
    assert has_begun.wait(60)
    is_clean = workers.end(60)

    assert is_clean
    assert bool(redis.hexists(HEARTBEATS, "probe")) is is_beating


def test_a_tick_between_two_long_intervals_is_no_tick_that_stands(app: Any, db: Any) -> None:
    redis = app.extensions["yurt_redis"]
    workers = Workers(app, redis, [Tick("probe", lambda: False, interval_s=3600.0)])

    workers.start()
    until(lambda: redis.hexists(HEARTBEATS, "probe"))
    first = redis.hget(HEARTBEATS, "probe")
    until(lambda: redis.hget(HEARTBEATS, "probe") != first)

    assert workers.end(60)


def test_a_tick_whose_work_never_ends_stands(app: Any, db: Any) -> None:
    redis, is_let_go = app.extensions["yurt_redis"], threading.Event()
    works = Tick("works", lambda: False, interval_s=3600.0)
    workers = Workers(app, redis, [works, Tick("hangs", lambda: is_let_go.wait(600), interval_s=3600.0)])

    workers.start()
    until(lambda: redis.hexists(HEARTBEATS, "works"))
    first = redis.hget(HEARTBEATS, "works")
    until(lambda: redis.hget(HEARTBEATS, "works") != first)

    assert not redis.hexists(HEARTBEATS, "hangs")
    workers.end(0.1)
    is_let_go.set()


class Endless(ScriptedBackend):
    """Has a stream that says nothing new."""

    def follow(self, since: int, is_over: Any) -> Any:
        while not is_over():
            yield Change("lab-nobody", since)
            time.sleep(0.01)


def test_a_stream_that_lasts_is_no_tick_that_stands(app: Any, db: Any, settings: Any) -> None:
    redis = app.extensions["yurt_redis"]
    (tick,) = [tick for tick in make_ticks(settings, Endless(), redis) if tick.name == "events"]
    workers = Workers(app, redis, [tick])

    workers.start()
    until(lambda: redis.hexists(HEARTBEATS, "events"))
    first = redis.hget(HEARTBEATS, "events")
    until(lambda: redis.hget(HEARTBEATS, "events") != first)

    assert workers.end(60)


def test_a_stream_that_breaks_has_the_cluster_looked_at_at_once(app: Any, db: Any, settings: Any) -> None:
    class Cut(ScriptedBackend):
        def follow(self, since: int, is_over: Any) -> Any:
            raise BackendUnavailable("the event stream broke")

    ticks = {tick.name: tick for tick in make_ticks(settings, Cut(), app.extensions["yurt_redis"])}

    with pytest.raises(BackendUnavailable):
        ticks["events"].work()

    assert ticks["capacity"].bell.wait(0.0)
