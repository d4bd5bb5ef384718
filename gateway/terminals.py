"""Terminals: a WebSocket on one side, the lab's shell on the other."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import structlog
from aiohttp import WSCloseCode, WSMsgType, web
from prometheus_client import Counter, Gauge
from redis.asyncio import Redis
from redis.exceptions import RedisError

from gateway import tasks
from scheduler.backends.base import Backend, BackendError, Terminal
from services import activity, tickets

TICKET_REFUSED, NOT_RUNNING, LAB_ENDED = 4401, 4404, 4410
PING_S = 15.0
SEND_S = 30.0
MAX_MESSAGE = 1024 * 1024
TERMINALS_PER_USER = 10

TERMINALS = Gauge("yurt_gateway_terminals", "Open terminals.", multiprocess_mode="livesum")
BYTES = Counter("yurt_gateway_terminal_bytes_total", "Bytes through terminals, by direction.", ["direction"])

log = structlog.get_logger("yurt.gateway")
JobOf = Callable[[str, int], Awaitable[tuple[str, str] | None]]


class Terminals:
    """The route of terminals. `job_of(session, user)` gives (job ID, state) of a lab that is the user's."""

    def __init__(self, backend: Backend | None, redis: Redis, job_of: JobOf, origin: str) -> None:
        self._backend, self._redis, self._job_of, self._origin = backend, redis, job_of, origin
        self.sockets: set[web.WebSocketResponse] = set()
        self._open: dict[int, int] = {}

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Redeem the ticket, then carry bytes both ways until one side ends."""
        if not self._is_same_origin(request):
            raise web.HTTPForbidden
        session_id = request.match_info["session_id"]
        socket = web.WebSocketResponse(heartbeat=PING_S, max_msg_size=MAX_MESSAGE, compress=False)
        await socket.prepare(request)
        user_id = await self._redeem(request.query.get("ticket", ""), session_id)
        if user_id is None:
            await socket.close(code=TICKET_REFUSED, message=b"ticket refused")
        elif self._open.get(user_id, 0) >= TERMINALS_PER_USER:
            await socket.close(code=WSCloseCode.TRY_AGAIN_LATER, message=b"too many terminals")
        else:
            await self._attach(request, socket, session_id, user_id)
        return socket

    def _is_same_origin(self, request: web.Request) -> bool:
        origin = request.headers.get("Origin", "")
        return origin == self._origin or (bool(origin) and urlsplit(origin).netloc == request.host)

    async def _redeem(self, ticket: str, session_id: str) -> int | None:
        try:
            found = await self._redis.getdel(tickets.terminal_key(ticket))
        except (RedisError, OSError):
            return None
        value: dict[str, Any] = json.loads(found) if found else {}
        return int(value["user"]) if value.get("session") == session_id else None

    async def _attach(self, request: web.Request, socket: web.WebSocketResponse, session_id: str, user_id: int) -> None:
        job = await self._job_of(session_id, user_id)
        if job is None or job[1] != "running" or self._backend is None:
            await socket.close(code=NOT_RUNNING, message=b"no running lab")
            return
        try:
            terminal = await self._backend.attach(
                job[0], columns=_number(request, "columns", 80), rows=_number(request, "rows", 24)
            )
        except BackendError as error:
            log.warning("attach failed", job=job[0], error=str(error))
            await socket.close(code=WSCloseCode.TRY_AGAIN_LATER, message=b"try again")
            return
        self._open[user_id] = self._open.get(user_id, 0) + 1
        self.sockets.add(socket)
        TERMINALS.inc()
        try:
            await self._carry(socket, terminal, session_id)
        finally:
            TERMINALS.dec()
            self.sockets.discard(socket)
            self._open[user_id] -= 1
            if not self._open[user_id]:
                del self._open[user_id]
            await terminal.close()

    async def _carry(self, socket: web.WebSocketResponse, terminal: Terminal, session_id: str) -> None:
        down = asyncio.create_task(_output(terminal, socket))
        up = asyncio.create_task(self._input(socket, terminal, session_id))
        try:
            done, _pending = await asyncio.wait({down, up}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await tasks.end(down, up)
        if down in done and not socket.closed:
            if down.exception() is None:
                await socket.send_json({"type": "ended", "reason": "ended"})
                await socket.close(code=LAB_ENDED, message=b"the lab has ended")
            else:
                await socket.close(code=WSCloseCode.TRY_AGAIN_LATER, message=b"too slow")

    async def _input(self, socket: web.WebSocketResponse, terminal: Terminal, session_id: str) -> None:
        noted = 0.0
        async for message in socket:
            if message.type is WSMsgType.BINARY:
                BYTES.labels("in").inc(len(message.data))
                await terminal.write(message.data)
                if time.monotonic() - noted > activity.EVERY_S:
                    noted = time.monotonic()
                    await activity.note(self._redis, session_id, "input")
            elif message.type is WSMsgType.TEXT:
                await _command(terminal, message.data)

    async def close_all(self) -> None:
        """Tell every browser to come back: the gateway is going away."""
        leaving = [socket.close(code=WSCloseCode.GOING_AWAY, message=b"restart") for socket in list(self.sockets)]
        await asyncio.gather(*leaving, return_exceptions=True)


async def _output(terminal: Terminal, socket: web.WebSocketResponse) -> None:
    while data := await terminal.read():
        BYTES.labels("out").inc(len(data))
        # send_bytes waits while the browser is slow; reading waits with it, and so does the lab.
        async with asyncio.timeout(SEND_S):
            await socket.send_bytes(data)


async def _command(terminal: Terminal, text: str) -> None:
    try:
        command = json.loads(text)
        if command["type"] == "resize":
            await terminal.resize(int(command["columns"]), int(command["rows"]))
    except (ValueError, KeyError, TypeError):
        return  # not of our page


def _number(request: web.Request, name: str, default: int) -> int:
    value = request.query.get(name, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 5 else default
