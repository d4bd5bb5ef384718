"""What the gateway notes, and what the scheduler reads of it."""

import asyncio
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from redis.asyncio import Redis as AsyncRedis

from config import Settings
from gateway.activity_buffer import ActivityBuffer
from services.idleness import activity
from tests.sites import free_port

LAB = uuid.UUID(int=7)


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@pytest.fixture
def redis(app: Any) -> Any:
    return app.extensions["yurt_redis"]


def note(url: str, *notes: tuple[activity.Kind, float]) -> None:
    async def work() -> None:
        async with AsyncRedis.from_url(url) as client:
            for kind, seconds in notes:
                await activity.write(client, {kind: {str(LAB): str(seconds)}})

    asyncio.run(work())


def test_of_most_kinds_the_latest_counts_and_of_the_first_prompt_the_earliest(redis: Any, settings: Settings) -> None:
    kinds = activity.KINDS
    note(settings.redis_url, *((kind, 100.5) for kind in kinds), *((kind, 200.5) for kind in kinds))

    times, _found = activity.read(redis)

    assert {kind: times[kind][LAB] for kind in kinds} == {
        "input": at(200.5),
        "http": at(200.5),
        "page": at(200.5),
        "first_prompt": at(100.5),
    }


def test_keystrokes_of_an_older_gateway_count(redis: Any) -> None:
    redis.hset("yurt:active", str(LAB), "300")
    redis.hset("yurt:active:input", str(LAB), "200")

    times, found = activity.read(redis)
    activity.forget(redis, found)

    assert times["input"] == {LAB: at(300)}
    assert activity.read(redis)[0]["input"] == {}


def test_forgetting_keeps_what_came_for_others_meanwhile(redis: Any) -> None:
    other = uuid.UUID(int=8)
    redis.hset("yurt:active:http", str(LAB), "200")
    _times, found = activity.read(redis)
    redis.hset("yurt:active:http", str(other), "300")

    activity.forget(redis, found)

    assert activity.read(redis)[0]["http"] == {other: at(300)}


def test_without_redis_noting_does_nothing() -> None:
    async def work() -> None:
        async with AsyncRedis.from_url(f"redis://127.0.0.1:{free_port()}/0") as client:
            activity_buffer = ActivityBuffer(client)
            activity_buffer.note(str(LAB), "input")
            await activity_buffer.flush()

    asyncio.run(work())
