"""From keystrokes in Redis to warnings and stops."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from redis import Redis, RedisError

from config import Settings
from extensions import redis_client
from models import LabSession, utcnow
from models.lab_session import RUNNING, STARTING, STOPPING
from scheduler.ticks import idleness
from tests.sites import free_port

Ask = Callable[..., LabSession]
HOURS = timedelta(hours=1)


@pytest.fixture
def redis(app: Any) -> Redis:
    return app.extensions["yurt_redis"]


def collect(redis: Redis) -> None:
    idleness.collector(redis)()


def test_a_keystroke_reaches_the_row(running: Ask, redis: Redis) -> None:
    found = running(expires_at=utcnow() + 5 * HOURS)
    typed_at = (utcnow() - timedelta(minutes=1)).replace(microsecond=0)
    redis.hset("yurt:active", str(found.id), str(typed_at.timestamp()))

    collect(redis)

    assert (found.last_active_at, found.state) == (typed_at, RUNNING)
    assert redis.hgetall("yurt:active") == {}


def test_a_time_never_goes_back_and_rubbish_is_dropped(running: Ask, redis: Redis) -> None:
    now = utcnow()
    found = running(last_active_at=now, expires_at=now + 5 * HOURS)
    mapping = {str(found.id): "1000000000.5", "nobody": "1", str(found.job_id): "x", "\x00": "nan"}
    redis.hset("yurt:active", mapping=mapping)

    collect(redis)

    assert found.last_active_at == now
    assert redis.hgetall("yurt:active") == {}


def test_who_is_idle_is_warned_then_stopped(running: Ask, redis: Redis) -> None:
    now = utcnow()
    found = running(last_active_at=now - 2 * HOURS, expires_at=now + 5 * HOURS)

    collect(redis)
    state_when_warned, warned_at = found.state, found.warned_at
    collect(redis)
    is_warned_once = found.warned_at == warned_at
    found.warned_at = now - timedelta(minutes=16)
    collect(redis)

    assert state_when_warned == RUNNING
    assert warned_at is not None and is_warned_once
    assert (found.state, found.reason) == (STOPPING, "idle")


def test_a_keystroke_takes_the_warning_back(running: Ask, redis: Redis) -> None:
    now = utcnow()
    found = running(last_active_at=now - 2 * HOURS, warned_at=now - timedelta(minutes=14), expires_at=now + 5 * HOURS)
    redis.hset("yurt:active", str(found.id), str(now.timestamp()))

    collect(redis)

    assert (found.state, found.warned_at) == (RUNNING, None)


def test_a_lab_ends_at_its_longest_life_however_busy(running: Ask, redis: Redis) -> None:
    now = utcnow()
    found = running(last_active_at=now, expires_at=now - timedelta(seconds=1))

    collect(redis)

    assert (found.state, found.reason) == (STOPPING, "age")


def test_a_lab_that_starts_is_never_judged(ask: Ask, redis: Redis) -> None:
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    found = ask(state=STARTING, claimed_at=utcnow(), last_active_at=long_ago, expires_at=long_ago)

    collect(redis)

    assert found.state == STARTING


def test_without_redis_nobody_is_stopped_for_idleness(running: Ask, settings: Settings) -> None:
    gone = redis_client(settings.model_copy(update={"redis_url": f"redis://127.0.0.1:{free_port()}/0"}))
    now = utcnow()
    warned = now - timedelta(minutes=20)
    found = running(last_active_at=now - 3 * HOURS, warned_at=warned, expires_at=now + 5 * HOURS)

    with pytest.raises(RedisError):
        collect(gone)

    assert (found.state, found.warned_at) == (RUNNING, warned)
