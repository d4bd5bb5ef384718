"""Ends open connections once the right to them is gone: the account, the session, or the place in a course.

All grants are looked up together, about once a second and at each hint. So it costs the same few queries for one
connection as for thousands, and none while nobody is connected. PostgreSQL's answer counts, also while Redis is gone;
Redis is asked for sessions that were ended there. While PostgreSQL or Redis doesn't answer, connections stay.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

import structlog
from aiohttp import web
from prometheus_client import Counter
from redis.asyncio import Redis

from extensions import SESSION_PREFIX
from gateway import redis_gone
from gateway.subscriptions import Subscriptions
from services.accounts.grants import Grant
from services.live import ACCESS_CHANNEL

# How long a look-up counts; a change without a hint is noticed after this time.
EVERY_S = 1.0
# Hints come in bursts: changing a roster of five hundred causes one look-up, or a few.
COALESCE_S = 0.2
REDIS_S = 1.0

REVOKED = Counter("yurt_gateway_revoked_total", "Connections that ended because what had allowed them was gone.")
log = structlog.get_logger("yurt.gateway")
Look = Callable[[Iterable[Grant]], Awaitable[set[Grant]]]


class Revoked(Exception):
    """The right to this connection is gone."""


class Access:
    """Follows every grant while a connection is open by it."""

    def __init__(self, subscriptions: Subscriptions, redis: Redis, look: Look) -> None:
        self._subscriptions, self._redis, self._look = subscriptions, redis, look
        self._open: dict[Grant, set[asyncio.Timeout]] = defaultdict(set)
        self._asked: dict[Grant, asyncio.Future[bool | None]] = {}
        self._held_at: dict[Grant, float] = {}
        self._is_wanted = asyncio.Event()

    @contextlib.asynccontextmanager
    async def hold(self, grant: Grant) -> AsyncIterator[None]:
        """Run the block while the grant holds; raise 403 where it doesn't, 503 where that can't be looked up.

        Raise Revoked once it no longer holds: the block is cancelled then, wherever it waits.
        """
        scope = asyncio.timeout(None)
        try:
            async with scope:
                await self._admit(grant)
                self._open[grant].add(scope)
                self._is_wanted.set()
                yield
        except TimeoutError as error:
            if scope.expired():
                raise Revoked from error
            raise
        finally:
            scopes = self._open.get(grant, set())
            scopes.discard(scope)
            if not scopes:
                self._open.pop(grant, None)

    async def run(self) -> None:
        """Look again and again, for ever."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        with self._subscriptions.watch(ACCESS_CHANNEL) as hint:
            while True:
                await self._wait(hint, due)
                now = loop.time()
                if hint.is_set():
                    hint.clear()
                    self._held_at.clear()
                    due = min(due, max(now, due - EVERY_S + COALESCE_S))
                asked, self._asked = self._asked, {}
                self._is_wanted.clear()
                is_due = now >= due
                if is_due:
                    due = now + EVERY_S
                    self._held_at = {grant: at for grant, at in self._held_at.items() if at > now - EVERY_S}
                grants = self._open.keys() | asked.keys() if is_due else set(asked)
                if grants:
                    await self._settle(grants, asked)

    async def _wait(self, hint: asyncio.Event, due: float) -> None:
        """Return at a hint, at a new grant, and when the next look-up is due, which is never without connections."""
        loop = asyncio.get_running_loop()
        waiting = [asyncio.ensure_future(event.wait()) for event in (hint, self._is_wanted)]
        try:
            left = max(0.0, due - loop.time()) if self._open else None
            await asyncio.wait(waiting, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()

    async def _admit(self, grant: Grant) -> None:
        loop = asyncio.get_running_loop()
        if self._held_at.get(grant, -EVERY_S) > loop.time() - EVERY_S:
            return
        answer = self._asked.setdefault(grant, loop.create_future())
        self._is_wanted.set()
        does_hold = await asyncio.shield(answer)
        if does_hold is None:
            raise web.HTTPServiceUnavailable
        if not does_hold:
            raise web.HTTPForbidden

    async def _settle(self, grants: set[Grant], asked: dict[Grant, "asyncio.Future[bool | None]"]) -> None:
        began = asyncio.get_running_loop().time()
        try:
            sessions = {grant.holder.session for grant in grants}
            holding, ended = await asyncio.gather(
                self._look(grants), redis_gone.or_default(self._ended(sessions), set(), seconds=REDIS_S)
            )
        except Exception as error:  # whatever it is, the next look-up may succeed
            if not isinstance(error, web.HTTPServiceUnavailable):
                log.error("access unknown", exc_info=error)
            for answer in asked.values():
                answer.set_result(None)
            return
        for grant in grants:
            does_hold = grant in holding and grant.holder.session not in ended
            if does_hold:
                self._held_at[grant] = began
            else:
                self._held_at.pop(grant, None)
                self._revoke(grant)
            if grant in asked:
                asked[grant].set_result(does_hold)

    def _revoke(self, grant: Grant) -> None:
        # Expired scopes are about to end already.
        scopes = [scope for scope in self._open.get(grant, ()) if not scope.expired()]
        if scopes:
            log.info("access revoked", user=grant.holder.user_id, kind=grant.kind, count=len(scopes))
        for scope in scopes:
            REVOKED.inc()
            scope.reschedule(asyncio.get_running_loop().time())

    async def _ended(self, sessions: set[str]) -> set[str]:
        """Return the sessions that Redis doesn't have any more."""
        names = list(sessions)
        if await self._redis.exists(*(SESSION_PREFIX + name for name in names)) == len(names):
            return set()
        async with self._redis.pipeline(transaction=False) as pipe:
            for name in names:
                pipe.exists(SESSION_PREFIX + name)
            return {name for name, is_there in zip(names, await pipe.execute(), strict=True) if not is_there}
