"""Server-sent events: the state of a lab, and that an attempt, a leaderboard or the labs of a course changed."""

import asyncio
import contextlib
import json
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from prometheus_client import Gauge

import languages
from gateway.access import Access, Revoked
from gateway.activity_buffer import ActivityBuffer
from gateway.labs import Limit
from gateway.presence import Presence
from gateway.subscriptions import Hints, Subscriptions
from gateway.tickets import Tickets
from services.accounts.grants import Grant
from services.live import (
    attempt_channel,
    attempt_terms_channel,
    board_channel,
    generation_channel,
    lab_channel,
    labs_channel,
)
from services.tickets import Holder, Kind

HEARTBEAT_S = 15.0
# Hints come in bursts (a start moves a whole queue): wait this long for more before looking.
COALESCE_S = 0.1
BOARD_EVERY_S = 1.0
# A change reaches open leaderboards within a second: this, and what a page waits and takes.
LEADERBOARD_EVERY_S = 0.4
# What is typed on one device is seen on the others while it is typed.
ATTEMPT_EVERY_S = 0.4
SEND_S = 20.0

STREAMS = Gauge("yurt_gateway_streams", "Open live streams.", multiprocess_mode="livesum")

Snapshot = Callable[[str, int, str], Awaitable[dict[str, Any] | None]]


class Streams:
    """The routes of live labs and leaderboards."""

    def __init__(
        self,
        tickets: Tickets,
        subscriptions: Subscriptions,
        snapshot: Snapshot,
        presence: Presence,
        activity_buffer: ActivityBuffer,
        access: Access,
        limit: Limit,
    ) -> None:
        self._tickets, self._subscriptions, self._snapshot = tickets, subscriptions, snapshot
        self._presence, self._activity, self._access = presence, activity_buffer, access
        self._limit = limit

    async def lab(self, request: web.Request) -> web.StreamResponse:
        """Send the lab's state at once, and again after each change. A visitor's visit lasts while they listen."""
        session_id = request.match_info["session_id"]
        holder = self._holder(request, "lab", session_id)
        async with self._limit.hold(holder.user_id):
            return await self._lab(request, session_id, holder)

    async def _lab(self, request: web.Request, session_id: str, holder: Holder) -> web.StreamResponse:
        user_id = holder.user_id
        language = languages.best_of_header(request.headers.get("Accept-Language", ""))
        first = await self._snapshot(session_id, user_id, language)
        if first is None:
            raise web.HTTPNotFound
        is_visitor = any(visitor["is_me"] for visitor in first["visitors"])
        grant = Grant(holder, "visit" if is_visitor else "lab", lab=uuid.UUID(session_id))

        async def next_state() -> bytes | None:
            state = await self._snapshot(session_id, user_id, language)
            return None if state is None else _event("state", state)

        async def beat() -> None:
            if is_visitor:
                await self._presence.beat(session_id, user_id)
            else:
                self._activity.note(session_id, "page")

        with contextlib.ExitStack() as stack:
            changed = stack.enter_context(self._subscriptions.watch(lab_channel(session_id)))
            changed.set()
            if is_visitor:
                stack.enter_context(self._presence.page(session_id, user_id))
            return await self._serve(request, grant, changed, next_state, COALESCE_S, beat)

    async def board(self, request: web.Request) -> web.StreamResponse:
        """Tell of each change of a leaderboard, a few times a second at most."""
        course_id = int(request.match_info["course_id"])
        grant = Grant(self._holder(request, "board", course_id), "board", course_id=course_id)
        return await self._changes(request, grant, board_channel(course_id), LEADERBOARD_EVERY_S)

    async def labs(self, request: web.Request) -> web.StreamResponse:
        """Tell of each change of any lab of a course, at most once a second."""
        course_id = int(request.match_info["course_id"])
        grant = Grant(self._holder(request, "labs", course_id), "labs", course_id=course_id)
        return await self._changes(request, grant, labs_channel(course_id))

    async def generation(self, request: web.Request) -> web.StreamResponse:
        """Tell of each step of questions that a model writes, at most once a second."""
        course_id, generation_id = (int(request.match_info[name]) for name in ("course_id", "generation_id"))
        holder = self._tickets.live(request.query.get("ticket", ""), "generation", course_id, generation_id)
        grant = Grant(holder, "generation", course_id=course_id)
        return await self._changes(request, grant, generation_channel(generation_id))

    async def attempt(self, request: web.Request) -> web.StreamResponse:
        """Tell the pages of an attempt of each answer that is saved, and of its end, a few times a second at most.

        `tabs` are those whose answers were saved, null where something else changed, too: a page needn't look at its
        own doing. That the attempt ends at another time has a name of its own.
        """
        attempt_id = int(request.match_info["attempt_id"])
        grant = Grant(self._holder(request, "attempt", attempt_id), "attempt", attempt_id=attempt_id)
        with contextlib.ExitStack() as stack:
            moved = stack.enter_context(self._subscriptions.watch(attempt_terms_channel(attempt_id)))
            changed = Hints()
            for channel in (attempt_channel(attempt_id), attempt_terms_channel(attempt_id)):
                stack.enter_context(self._subscriptions.watch(channel, changed))

            async def next_version() -> bytes:
                name = "terms" if moved.is_set() else "board"
                moved.clear()
                return _event(name, {"version": time.time_ns() // 1_000_000, "tabs": _tabs(changed.take())})

            async with self._limit.hold(grant.holder.user_id):
                return await self._serve(request, grant, changed, next_version, ATTEMPT_EVERY_S)

    async def _changes(
        self, request: web.Request, grant: Grant, channel: str, pause: float = BOARD_EVERY_S
    ) -> web.StreamResponse:
        async def next_version() -> bytes:
            return _event("board", {"version": time.time_ns() // 1_000_000})

        async with self._limit.hold(grant.holder.user_id):
            with self._subscriptions.watch(channel) as changed:
                return await self._serve(request, grant, changed, next_version, pause)

    def _holder(self, request: web.Request, kind: Kind, watched: object) -> Holder:
        return self._tickets.live(request.query.get("ticket", ""), kind, watched)

    async def _serve(
        self,
        request: web.Request,
        grant: Grant,
        changed: asyncio.Event,
        message: Callable[[], Awaitable[bytes | None]],
        pause: float,
        beat: Callable[[], Awaitable[None]] | None = None,
    ) -> web.StreamResponse:
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        )
        STREAMS.inc()
        try:
            async with self._access.hold(grant):
                await response.prepare(request)
                await response.write(b"retry: 1000\n\n")
                while True:
                    await self._turn(response, changed, message, pause)
                    if beat is not None:
                        await beat()
        except (ConnectionError, TimeoutError, Revoked, _Over):
            return response
        finally:
            STREAMS.dec()

    async def _turn(
        self,
        response: web.StreamResponse,
        changed: asyncio.Event,
        message: Callable[[], Awaitable[bytes | None]],
        pause: float,
    ) -> None:
        # A page that gets no `here` for a while asks by itself: without hints the stream tells it nothing.
        data: bytes | None = _event("here", {}) if self._subscriptions.is_connected else b": still here\n\n"
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HEARTBEAT_S):
                await changed.wait()
            changed.clear()
            data = await message()
        if data is None:
            raise _Over
        # A browser that doesn't read is let go; it comes back by itself.
        async with asyncio.timeout(SEND_S):
            await response.write(data)
        await asyncio.sleep(pause)


class _Over(Exception):
    """There is nothing more to tell."""


def _event(name: str, value: dict[str, Any]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(value)}\n\n".encode()


def _tabs(hints: list[str] | None) -> list[str] | None:
    """Return the tabs that saved answers, where that is all that the hints of an attempt tell."""
    if hints is None:
        return None
    tabs = {json.loads(hint).get("tab") for hint in hints}
    return sorted(tabs) if all(tabs) else None
