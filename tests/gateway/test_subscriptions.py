"""Listening for hints: it ends when it is asked to, whatever it is doing then."""

import asyncio

import pytest
from redis.asyncio import Redis

from gateway import tasks
from gateway.subscriptions import PATTERN, Subscriptions

pytestmark = pytest.mark.anyio
# Connecting and subscribing takes about thirty turns of the event loop; after that it waits for subscriptions.
TURNS = 60


async def test_listening_ends_at_each_of_its_steps(redis_url: str) -> None:
    for turns in range(TURNS):
        async with Redis.from_url(redis_url) as redis, asyncio.timeout(60):
            listening = asyncio.create_task(Subscriptions(redis).listen())
            for _ in range(turns):
                await asyncio.sleep(0)

            await tasks.end(listening)

            assert listening.done()


async def test_a_task_that_drops_the_request_to_end_is_asked_again() -> None:
    asked: list[int] = []

    async def deaf() -> None:
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                asked.append(len(asked))
                if len(asked) == 3:
                    raise

    task = asyncio.create_task(deaf())
    await asyncio.sleep(0)

    await tasks.end(task)

    assert asked == [0, 1, 2]


async def test_a_task_that_failed_meanwhile_is_ended_too() -> None:
    async def fail() -> None:
        raise ConnectionError

    task = asyncio.create_task(fail())
    await asyncio.sleep(0)

    await tasks.end(task)

    assert task.done()


async def test_whoever_watches_is_woken_by_hints_of_its_channel_only(redis_url: str) -> None:
    async with Redis.from_url(redis_url) as redis:
        subscriptions = Subscriptions(redis)
        first, second = (PATTERN.replace("*", name) for name in ("one", "two"))
        with subscriptions.watch(first) as one, subscriptions.watch(second) as two:
            listening = asyncio.create_task(subscriptions.listen())
            async with asyncio.timeout(60):
                await asyncio.gather(one.wait(), two.wait())  # listening has begun: everybody looks
            one.clear(), two.clear()

            await redis.publish(PATTERN.replace("*", "two"), "")

            async with asyncio.timeout(60):
                await two.wait()
            assert not one.is_set()
            await tasks.end(listening)
