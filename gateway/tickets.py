"""Finds the holder of a request's ticket, or raises the HTTP error."""

from typing import Any

from aiohttp import web
from redis.asyncio import Redis

from gateway import redis_gone
from services import tickets
from services.tickets import Holder, Kind


class Tickets:
    """Redeems the tickets that web processes issue."""

    def __init__(self, secret_key: str, redis: Redis) -> None:
        self._secret_key, self._redis = secret_key, redis

    def live(self, ticket: str, kind: Kind, *ids: object) -> Holder:
        """Return who holds a signed ticket for exactly that; raise 403."""
        holder = tickets.redeem_live(self._secret_key, ticket, kind, *ids)
        if holder is None:
            raise web.HTTPForbidden
        return holder

    async def once(self, ticket: str) -> tuple[Holder, dict[str, Any]]:
        """Use up a one-use ticket; return (holder, what it opens). Raise 403, and 503 while Redis is gone."""
        redeemed = await redis_gone.or_unavailable(tickets.redeem_once(self._redis, ticket))
        if redeemed is None:
            raise web.HTTPForbidden
        return redeemed

    def sign(self, holder: Holder, kind: Kind, *ids: object) -> str:
        """Return a signed ticket for the holder of another one."""
        return tickets.live(self._secret_key, holder, kind, *ids)
