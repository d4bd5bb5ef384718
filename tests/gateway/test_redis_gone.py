"""What the gateway answers while Redis is gone."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from redis.asyncio import Redis

from gateway import redis_gone
from gateway.tickets import Tickets
from services.tickets import Holder
from tests.sites import free_port

pytestmark = pytest.mark.anyio


@pytest.fixture
async def gone() -> AsyncIterator[Redis]:
    """A Redis that nobody serves."""
    async with Redis.from_url(f"redis://127.0.0.1:{free_port()}/0") as redis:
        yield redis


async def test_a_default_stands_in_for_what_redis_would_say(gone: Redis) -> None:
    assert await redis_gone.or_default(gone.exists("a"), 7) == 7
    assert await redis_gone.or_default(asyncio.sleep(60, 1), 7, seconds=0.01) == 7
    assert await redis_gone.or_default(asyncio.sleep(0, 1), 7) == 1


async def test_a_one_use_ticket_is_neither_taken_nor_refused(gone: Redis) -> None:
    with pytest.raises(web.HTTPServiceUnavailable):
        await Tickets("x" * 64, gone).once("ticket")


async def test_signed_tickets_need_no_redis(gone: Redis) -> None:
    tickets, holder = Tickets("x" * 64, gone), Holder(1, "session", "account")

    ticket = tickets.sign(holder, "port", "lab", 8000)

    assert tickets.live(ticket, "port", "lab", 8000) == holder
    for kind, *ids in (("port", "lab", 8001), ("port", "other", 8000), ("probe", "lab", 8000)):
        with pytest.raises(web.HTTPForbidden):
            tickets.live(ticket, kind, *ids)
