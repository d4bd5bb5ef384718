"""When a lab ends by idleness or age, and when it doesn't."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from redis import Redis, RedisError
from sqlalchemy import func, select

from config import Settings
from extensions import db as database
from extensions import redis_client
from models import Mail, utcnow
from models.lab_session import RUNNING, STARTING, STOPPING
from reasons import Reason
from scheduler.ticks import idleness
from services.idleness import verdicts
from services.leases import LEASE
from tests.factories import make_cast, run_lab
from tests.scheduler.test_idleness import HOURS, Ask, collect
from tests.sites import free_port


def test_a_lab_that_cannot_be_saved_is_not_stopped_for_idleness(running: Ask, redis: Redis) -> None:
    now = utcnow()
    found = running(last_active_at=now - 4 * HOURS, expires_at=now + HOURS, save_error=Reason.said("It is too large."))

    collect(redis)

    assert (found.state, found.warned_at) == (RUNNING, None)


def test_of_two_schedulers_one_warns(committed_db: Any, redis_of: Callable[[], Redis]) -> None:
    with committed_db.app.app_context():
        cast = make_cast()
        now = utcnow()
        past = {"started_at": now - 2 * HOURS, "last_active_at": now - 2 * HOURS, "expires_at": now + 5 * HOURS}
        session_id = run_lab(cast.bob, cast.lab, now, **past).id

    def look() -> None:
        with committed_db.app.app_context():
            idleness.culler(redis_of())()
            database.session.remove()

    threads = [threading.Thread(target=look) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with committed_db.app.app_context():
        assert len(verdicts.of(session_id)) == 1
        assert database.session.scalar(select(func.count()).select_from(Mail)) == 1
        database.session.remove()


def test_a_keystroke_takes_the_warning_back(running: Ask, redis: Redis) -> None:
    now = utcnow()
    warned = {"warned_at": now - timedelta(minutes=14), "warned_last_at": now - timedelta(minutes=1)}
    found = running(last_active_at=now - 2 * HOURS, expires_at=now + 5 * HOURS, **warned)
    redis.hset("yurt:active", str(found.id), str(now.timestamp()))

    collect(redis)

    assert (found.state, found.warned_at) == (RUNNING, None)


def test_a_lab_ends_at_its_longest_life_however_busy(running: Ask, redis: Redis) -> None:
    now = utcnow()
    warned = {"warned_at": now - timedelta(minutes=15), "warned_last_at": now - timedelta(minutes=2)}
    found = running(last_active_at=now, expires_at=now - timedelta(seconds=1), **warned)

    collect(redis)

    assert (found.state, found.reason) == (STOPPING, "age")


def test_a_lab_that_starts_is_never_judged(ask: Ask, redis: Redis) -> None:
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    found = ask(
        state=STARTING, claimed_at=utcnow(), leased_until=utcnow() + LEASE, last_active_at=long_ago, expires_at=long_ago
    )

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
