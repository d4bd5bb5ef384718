"""What the gateway does while Redis is gone. These are all its uses of Redis:

| who asks Redis | for what | while it is gone | by |
| --- | --- | --- | --- |
| `subscriptions.listen` | changes | tries again; streams and access look by themselves | its own loop, at ERRORS |
| `access` | sessions that were ended | none counts as ended; PostgreSQL's answer counts | `or_default` |
| `tickets.once` | one-use tickets | 503: nobody knows whether the ticket was used | `or_unavailable` |
| `activity_buffer` | to note activity | drops it; nobody is stopped for idleness meanwhile | `or_default` |
| `waits` | how long requests wait in a rush | says that it doesn't know | `or_default` |
| `measures` | to publish metrics | leaves them out until the next time | `or_default` |

A terminal's WebSocket is open before its ticket is redeemed: `terminals` closes it at that 503 as at a refused ticket,
and the page comes with another one.
"""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import structlog
from aiohttp import web
from redis.exceptions import RedisError

# A connection that breaks may show as the system's error, and one that hangs as a time-out, which is an OSError too.
ERRORS = (RedisError, OSError)

log = structlog.get_logger("yurt.gateway")
Answer = TypeVar("Answer")


async def or_default(question: Awaitable[Answer], default: Answer, *, seconds: float | None = None) -> Answer:
    """Return Redis' answer, or `default` where it gives none, within `seconds` if they are given."""
    try:
        async with asyncio.timeout(seconds):
            return await question
    except ERRORS as error:
        log.warning("redis unavailable", error=type(error).__name__)
        return default


async def or_unavailable(question: Awaitable[Answer]) -> Answer:
    """Return Redis' answer; raise 503 where it gives none."""
    try:
        return await question
    except ERRORS as error:
        raise web.HTTPServiceUnavailable from error
