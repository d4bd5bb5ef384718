"""Terminals: a WebSocket on one side, the lab's shell on the other."""

import asyncio
import contextlib
import json
import time
import uuid
from collections.abc import Callable, Coroutine
from typing import Any

import structlog
from aiohttp import WSCloseCode, WSMsgType, web
from prometheus_client import Counter, Gauge

from backends.base import Backend, BackendError, Terminal
from gateway import tasks
from gateway.access import Access, Revoked
from gateway.activity_buffer import ActivityBuffer
from gateway.input_queue import InputQueue
from gateway.labs import JobOf, Limit
from gateway.middlewares import REQUESTED_HOST
from gateway.tickets import Tickets
from gateway.visitors import Keyboard, Screens, Size, Visitors, clamped, tell_size
from services.accounts.grants import Grant
from services.hosts import Hosts
from services.idleness import activity
from services.tickets import Holder

TICKET_REFUSED, VISIT_OVER, NOT_RUNNING, LAB_ENDED = 4401, 4403, 4404, 4410
PING_S = 15.0
SEND_S = 30.0
MAX_MESSAGE = 1024 * 1024
# Pages ask whether their connection still works; nothing else tells them that a network is gone.
PING, PONG = '{"type":"ping"}', '{"type":"pong"}'

TERMINALS = Gauge("yurt_gateway_terminals", "Open terminals.", multiprocess_mode="livesum")
BYTES = Counter("yurt_gateway_terminal_bytes_total", "Bytes through terminals, by direction.", ["direction"])

log = structlog.get_logger("yurt.gateway")


class Terminals:
    """The route of terminals. `job_of(session, user)` gives (job ID, state) of a lab that is the user's."""

    def __init__(
        self,
        backend: Backend | None,
        tickets: Tickets,
        job_of: JobOf,
        hosts: Hosts,
        visitors: Visitors,
        activity_buffer: ActivityBuffer,
        access: Access,
        limit: Limit,
    ) -> None:
        self._backend, self._tickets, self._job_of, self._hosts = backend, tickets, job_of, hosts
        self._activity, self._access = activity_buffer, access
        self._visitors, self._screens = visitors, Screens()
        self.sockets: set[web.WebSocketResponse] = set()
        self._limit = limit

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Redeem the ticket, then carry bytes both ways until one side ends."""
        if not self._hosts.is_own_origin(request.headers.get("Origin", ""), request[REQUESTED_HOST]):
            raise web.HTTPForbidden
        session_id = request.match_info["session_id"]
        socket = web.WebSocketResponse(heartbeat=PING_S, max_msg_size=MAX_MESSAGE, compress=False)
        await socket.prepare(request)
        redeemed = await self._redeem(request.query.get("ticket", ""), session_id)
        if redeemed is None:
            await socket.close(code=TICKET_REFUSED, message=b"ticket refused")
            return socket
        holder, visit_id = redeemed
        grant = Grant(holder, "lab" if visit_id is None else "visit", lab=uuid.UUID(session_id))
        try:
            # Terminals that are being opened count, too: each costs the lab a process.
            async with self._limit.hold(holder.user_id):
                job = await self._job(session_id, holder.user_id, visit_id)
                if job is None or job[1] != "running" or self._backend is None:
                    await socket.close(code=NOT_RUNNING, message=b"no running lab")
                    return socket
                async with self._access.hold(grant):
                    await self._attach(request, socket, session_id, job[0], holder.user_id, visit_id)
        except (Revoked, web.HTTPForbidden):
            await self._refuse(socket, session_id, holder, visit_id)
        except web.HTTPException:
            await socket.close(code=WSCloseCode.TRY_AGAIN_LATER, message=b"too many terminals")
        return socket

    async def _redeem(self, ticket: str, session_id: str) -> tuple[Holder, int | None] | None:
        """Return (holder, visit) of a ticket for this lab; visit is None for its student."""
        try:
            holder, opens = await self._tickets.once(ticket)
        except web.HTTPException:
            return None
        return (holder, opens.get("visit")) if opens.get("session") == session_id else None

    async def _job(self, session_id: str, user_id: int, visit_id: int | None) -> tuple[str, str] | None:
        if visit_id is None:
            return await self._job_of(session_id, user_id)
        visit = await self._visitors.visit_of(session_id, user_id)
        return (visit.job_id, visit.state) if visit is not None and visit.id == visit_id else None

    async def _refuse(
        self, socket: web.WebSocketResponse, session_id: str, holder: Holder, visit_id: int | None
    ) -> None:
        """Close what is no longer allowed. The page asks for another ticket, and is told why there is none."""
        if visit_id is not None and await self._job(session_id, holder.user_id, visit_id) is None:
            await socket.close(code=VISIT_OVER, message=b"the visit is over")
        else:
            await socket.close(code=TICKET_REFUSED, message=b"no longer allowed")

    async def _attach(
        self,
        request: web.Request,
        socket: web.WebSocketResponse,
        session_id: str,
        job_id: str,
        user_id: int,
        visit_id: int | None,
    ) -> None:
        assert self._backend is not None
        size = _number(request, "columns", 80), _number(request, "rows", 24)
        if visit_id is not None:
            size = self._screens.size(session_id)
        try:
            terminal = await self._backend.attach(job_id, columns=size[0], rows=size[1])
        except BackendError as error:
            log.warning("attach failed", job=job_id, error=str(error))
            await socket.close(code=WSCloseCode.TRY_AGAIN_LATER, message=b"try again")
            return
        self.sockets.add(socket)
        TERMINALS.inc()
        try:
            if visit_id is None:
                await self._serve_student(socket, terminal, session_id, size)
            else:
                await self._serve_visitor(socket, terminal, session_id, user_id, visit_id)
        finally:
            TERMINALS.dec()
            self.sockets.discard(socket)
            await terminal.close()

    async def _serve_student(
        self, socket: web.WebSocketResponse, terminal: Terminal, session_id: str, size: Size
    ) -> None:
        with self._screens.of_student(session_id):
            await self._screens.resized(session_id, size)
            shown = _output(terminal, socket, lambda: self._activity.note(session_id, "first_prompt"))
            await self._carry(socket, shown, self._input(socket, terminal, session_id, None, clamped(size)))

    async def _serve_visitor(
        self, socket: web.WebSocketResponse, terminal: Terminal, session_id: str, user_id: int, visit_id: int
    ) -> None:
        keyboard = Keyboard()
        following = asyncio.create_task(self._visitors.follow(session_id, user_id, visit_id, keyboard))
        try:
            with self._screens.of_visitor(session_id, socket):
                await tell_size(socket, self._screens.size(session_id))
                typing = self._input(socket, terminal, session_id, keyboard)
                carrying = asyncio.create_task(self._carry(socket, _output(terminal, socket), typing))
                try:
                    await asyncio.wait({following, carrying}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    await tasks.end(carrying)
                if following.done():
                    # No task reads from the socket any more, so none ends it before the reason is sent.
                    await socket.close(code=VISIT_OVER, message=b"the visit is over")
        finally:
            await tasks.end(following)

    async def _carry(
        self, socket: web.WebSocketResponse, output: Coroutine[Any, Any, None], typing: Coroutine[Any, Any, None]
    ) -> None:
        down = asyncio.create_task(output)
        up = asyncio.create_task(typing)
        try:
            done, _pending = await asyncio.wait({down, up}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await tasks.end(down, up)
        if down in done and not socket.closed:
            if down.exception() is None:
                await socket.send_json({"type": "ended", "reason": "ended"})
                await socket.close(code=LAB_ENDED, message=b"the lab has ended")
            else:
                await socket.close(code=WSCloseCode.TRY_AGAIN_LATER, message=b"try again")

    async def _input(
        self,
        socket: web.WebSocketResponse,
        terminal: Terminal,
        session_id: str,
        keyboard: Keyboard | None,
        size: Size | None = None,
    ) -> None:
        """Carry the input: a visitor's (with a `keyboard`) only while the keyboard is given, and none of their sizes.

        Of several tabs the one in which somebody types decides the screen's size. Input that begins with an escape may
        be a terminal's answer to a program, which every tab gives: it doesn't decide.
        """
        queue = InputQueue(terminal, socket, lambda: keyboard is None or keyboard.is_given)
        giving = asyncio.create_task(queue.run())
        reading = asyncio.create_task(self._read(socket, queue, session_id, keyboard, size))
        try:
            await asyncio.wait({giving, reading}, return_when=asyncio.FIRST_COMPLETED)
            if not giving.done():
                await queue.end()
        finally:
            await tasks.end(giving, reading)

    async def _read(
        self,
        socket: web.WebSocketResponse,
        queue: InputQueue,
        session_id: str,
        keyboard: Keyboard | None,
        size: Size | None,
    ) -> None:
        noted = 0.0
        async for message in socket:
            if message.type is WSMsgType.TEXT and message.data == PING:
                await socket.send_str(PONG)
            elif keyboard is not None and not (keyboard.is_given and message.type is WSMsgType.BINARY):
                if message.type is WSMsgType.BINARY:
                    await queue.confirm(message.data)
            elif message.type is WSMsgType.BINARY:
                BYTES.labels("in").inc(len(message.data))
                if size and size != self._screens.size(session_id) and message.data[:1] != b"\x1b":
                    await queue.resize(*size)
                    await self._screens.resized(session_id, size)
                await queue.write(message.data)
                if time.monotonic() - noted > activity.EVERY_S:
                    noted = time.monotonic()
                    self._activity.note(session_id, "input")
            elif message.type is WSMsgType.TEXT:
                wanted = await _command(queue, message.data)
                if wanted is not None:
                    size = clamped(wanted)
                    await self._screens.resized(session_id, size)

    async def close_all(self) -> None:
        """Tell every browser to come back: the gateway is going away."""
        leaving = [socket.close(code=WSCloseCode.GOING_AWAY, message=b"restart") for socket in list(self.sockets)]
        await asyncio.gather(*leaving, return_exceptions=True)


async def _output(
    terminal: Terminal, socket: web.WebSocketResponse, on_first: Callable[[], None] | None = None
) -> None:
    while data := await terminal.read():
        if on_first is not None:
            on_first()
            on_first = None
        BYTES.labels("out").inc(len(data))
        # send_bytes waits while the browser is slow; reading waits with it, and so does the lab.
        async with asyncio.timeout(SEND_S):
            await socket.send_bytes(data)


async def _command(queue: InputQueue, text: str) -> Size | None:
    """Do what the page asks for; return the new size of its screen."""
    # Not of our page: other words, numbers that are none (1e999), brackets without end.
    with contextlib.suppress(ValueError, KeyError, TypeError, OverflowError, RecursionError):
        command = json.loads(text)
        if command["type"] == "resize":
            size = int(command["columns"]), int(command["rows"])
            await queue.resize(*size)
            return size
    return None


def _number(request: web.Request, name: str, default: int) -> int:
    value = request.query.get(name, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 5 else default
