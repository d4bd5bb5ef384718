"""Web servers in labs: HTTP/1.1 and WebSocket from a browser to a port of a lab that its definition names.

Bytes are passed on both ways as they come; a slow side slows the other one down. Nothing is stored. A page from a lab
isn't to be trusted: docs/adr/0011-a-labs-web-pages-are-not-the-site.md says how it is kept apart from the site.
"""

import asyncio
import contextlib
import html
import uuid
from collections.abc import Awaitable, Callable, Mapping

import structlog
from aiohttp import web
from multidict import CIMultiDict
from prometheus_client import Counter

from backends.base import BackendError, BackendUnavailable, Stream
from gateway import http1, port_headers, tasks
from gateway.access import Access, Revoked
from gateway.activity_buffer import ActivityBuffer
from gateway.bodies import Body, Late
from gateway.labs import Labs, Limit, Turns, again_of
from gateway.port_access import Caller, PortAccess
from gateway.raw import RawReader
from gateway.tickets import Tickets
from services.accounts.grants import Grant
from services.tickets import Holder

HEAD_S, STALL_S, QUIET_S = 60.0, 120.0, 3600.0
# Each connection is a process in the lab of some 7 MB; browsers keep to six of them at once.
EACH_LAB, PATIENCE_S = 8, 30.0
# How long the answer counts, in a burst of requests, to whether a lab is the caller's and runs.
KNOWN_S = 1.0
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

REQUESTS = Counter("yurt_gateway_port_requests_total", "Requests to web servers in labs, by outcome.", ["outcome"])
log = structlog.get_logger("yurt.gateway")


class Ports:
    """The routes below `/live/ports/`, and the hosts of labs."""

    def __init__(
        self,
        tickets: Tickets,
        labs: Labs,
        activity_buffer: ActivityBuffer,
        port_access: PortAccess,
        access: Access,
        limit: Limit,
    ) -> None:
        self._tickets, self._labs, self._activity = tickets, labs, activity_buffer
        self._port_access, self._access = port_access, access
        self._limit, self._turns = limit, Turns(EACH_LAB, PATIENCE_S)
        self._job_cache: dict[tuple[str, int], tuple[float, str]] = {}

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of the site's own host."""
        base = r"/live/ports/{session_id:[0-9a-f-]{36}}/{port:[1-9]\d{0,4}}"
        return [web.get(base, self._probe), web.route("*", base + r"/{ticket:[^/]+}/{rest:.*}", self._on_path)]

    @web.middleware
    async def hosts(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Take every request to a lab's own host, whatever its path is."""
        if not self._port_access.names_host(request):
            return await handler(request)
        try:
            caller = await self._port_access.on_host(request)
            return await (self._port_access.enter(request) if caller is None else self._serve(request, caller))
        except web.HTTPException as error:
            return page(error.status, WORDS.get(error.status, ""), list(again_of(error).items()))

    async def _on_path(self, request: web.Request) -> web.StreamResponse:
        try:
            caller = self._port_access.on_path(request)
        except web.HTTPException as error:
            return page(error.status, WORDS.get(error.status, ""), [("Content-Security-Policy", port_headers.SANDBOX)])
        return await self._serve(request, caller)

    async def _probe(self, request: web.Request) -> web.StreamResponse:
        """Say whether somebody listens on the port."""
        session_id, port = request.match_info["session_id"], request.match_info["port"]
        holder = self._tickets.live(request.query.get("ticket", ""), "probe", session_id, port)
        async with self._limit.hold(holder.user_id):
            job_id = await self._labs.job(session_id, holder.user_id)
            async with self._access.hold(_grant(holder, session_id)):
                try:
                    stream = await self._connect(job_id, int(port))
                except BackendUnavailable:
                    return web.json_response({"listens": False})
                await stream.close()
        return web.json_response({"listens": True})

    async def _serve(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        asked = list(request.headers.items())
        if port_headers.is_foreign(asked, caller.address) or request.method not in METHODS:
            return page(403, WORDS[403], port_headers.protection(caller.address))
        is_sandboxed = not caller.address.is_own_host
        if is_sandboxed and request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            return web.Response(status=204, headers=CIMultiDict(port_headers.cors(asked)))
        try:
            async with self._limit.hold(caller.holder.user_id), self._turns.hold(caller.session_id):
                job_id = await self._job(caller)
                async with self._access.hold(_grant(caller.holder, caller.session_id)):
                    response = await self._exchange_with(request, caller, job_id)
        except Revoked:
            if request.transport is not None:
                request.transport.abort()  # what was sent so far isn't the whole
            return self._refusal(403, caller)
        except Late:
            return self._refusal(408, caller)
        except BackendUnavailable:
            return self._refusal(502, caller, f"Nobody listens on port {caller.port} yet.")
        except (http1.BadAnswer, TimeoutError, BackendError, ValueError) as error:
            log.info("port failed", session=caller.session_id, port=caller.port, error=type(error).__name__)
            return self._refusal(504 if isinstance(error, TimeoutError) else 502, caller)
        except web.HTTPException as error:
            return self._refusal(error.status, caller, again=again_of(error))
        REQUESTS.labels("served").inc()
        return response

    def _refusal(
        self, status: int, caller: Caller, words: str = "", again: Mapping[str, str] | None = None
    ) -> web.Response:
        REQUESTS.labels("refused").inc()
        headers = [*port_headers.protection(caller.address), *(again or {}).items()]
        return page(status, words or WORDS.get(status, ""), headers)

    async def _job(self, caller: Caller) -> str:
        key, now = (caller.session_id, caller.holder.user_id), asyncio.get_running_loop().time()
        cached = self._job_cache.get(key)
        if cached is None or cached[0] < now:
            cached = now + KNOWN_S, await self._labs.job(*key)
            self._job_cache = {kept: value for kept, value in self._job_cache.items() if value[0] >= now}
            self._job_cache[key] = cached
        return cached[1]

    async def _connect(self, job_id: str, port: int) -> Stream:
        if self._labs.backend is None:
            raise BackendUnavailable("labs are off")
        return await self._labs.backend.connect(job_id, port)

    async def _exchange_with(self, request: web.Request, caller: Caller, job_id: str) -> web.StreamResponse:
        stream = await self._connect(job_id, caller.port)
        try:
            self._activity.note(caller.session_id, "http")
            return await self._exchange(request, caller, stream)
        finally:
            await stream.close()

    async def _exchange(self, request: web.Request, caller: Caller, stream: Stream) -> web.StreamResponse:
        is_socket = request.headers.get("Upgrade", "").lower() == "websocket"
        headers = port_headers.to_lab(request.headers.items(), caller.address)
        headers += [("Connection", "Upgrade"), ("Upgrade", "websocket")] if is_socket else [("Connection", "close")]
        length = None if "Content-Encoding" in request.headers else request.content_length
        if request.body_exists:
            headers.append(("Transfer-Encoding", "chunked") if length is None else ("Content-Length", str(length)))
        exchange = http1.Exchange(stream)
        await exchange.ask(request.method, caller.target, headers)
        sending = asyncio.create_task(_send_body(request, exchange))
        try:
            head = await _head(exchange, sending)
            if head.status == 101 and is_socket:
                await tasks.end(sending)
                return await self._tunnel(request, caller, stream, exchange, head)
            if head.status == 101:
                # A proxy before us would stop reading HTTP, and let the browser speak to us behind its back.
                raise http1.BadAnswer("an upgrade that nobody asked for")
            return await _pass_on(request, caller, exchange, head)
        finally:
            await tasks.end(sending)

    async def _tunnel(
        self, request: web.Request, caller: Caller, stream: Stream, exchange: http1.Exchange, head: http1.Head
    ) -> web.StreamResponse:
        """Carry bytes both ways until one side ends."""
        browser_headers = port_headers.to_browser(head.headers, caller.address, list(request.headers.items()))
        response = web.StreamResponse(status=101, headers=CIMultiDict(browser_headers))
        response.headers.update({"Connection": "Upgrade", "Upgrade": "websocket"})
        await response.prepare(request)
        reader = RawReader(request)

        async def up() -> None:
            async for data in reader:
                await stream.write(data)
                self._activity.note(caller.session_id, "http")

        async def down() -> None:
            async for data in exchange.rest():
                async with asyncio.timeout(STALL_S):
                    await response.write(data)

        both = asyncio.create_task(up()), asyncio.create_task(down())
        try:
            await asyncio.wait(both, timeout=QUIET_S * 12, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await tasks.end(*both)
            response.force_close()
        return response


def _grant(holder: Holder, session_id: str) -> Grant:
    return Grant(holder, "lab", lab=uuid.UUID(session_id))


async def _head(exchange: http1.Exchange, sending: asyncio.Task[None]) -> http1.Head:
    """Wait for the answer's beginning: as long as the body comes, then for its own time. Raise Late."""
    waiting = asyncio.create_task(exchange.head())
    try:
        await asyncio.wait((waiting, sending), return_when=asyncio.FIRST_COMPLETED)
        if sending.done() and isinstance(sending.exception(), Late) and not waiting.done():
            raise Late
        async with asyncio.timeout(HEAD_S):
            return await waiting
    finally:
        await tasks.end(waiting)


async def _send_body(request: web.Request, exchange: http1.Exchange) -> None:
    body = Body(request, STALL_S)
    while request.body_exists and (data := await body.read()):
        async with asyncio.timeout(STALL_S):
            await exchange.send(data)
    async with asyncio.timeout(STALL_S):
        await exchange.end()


async def _pass_on(
    request: web.Request, caller: Caller, exchange: http1.Exchange, head: http1.Head
) -> web.StreamResponse:
    browser_headers = port_headers.to_browser(head.headers, caller.address, list(request.headers.items()))
    response = web.StreamResponse(status=head.status, reason=head.reason or None, headers=CIMultiDict(browser_headers))
    length = head.get("content-length")
    if length and head.status not in http1.WITHOUT_BODY:
        response.content_length = int(length)
    await response.prepare(request)
    body = exchange.body()
    try:
        while True:
            async with asyncio.timeout(QUIET_S):
                data = await anext(body, b"")
            if not data:
                break
            async with asyncio.timeout(STALL_S):
                await response.write(data)
        await response.write_eof()
    except (http1.BadAnswer, TimeoutError, BackendError):
        if request.transport is not None:
            request.transport.abort()  # the browser must not take this for the whole
    except ConnectionError:
        log.debug("the browser left", session=caller.session_id)
    finally:
        with contextlib.suppress(RuntimeError):
            await body.aclose()
    return response


WORDS = {
    403: "This address is over. Open it again from the lab’s page.",
    404: "There is no such lab.",
    408: "The request took too long to arrive.",
    409: "The lab isn’t running.",
    429: "Too many requests at once.",
    502: "The server in the lab didn’t answer properly.",
    503: "The lab is busy, or can’t be reached at the moment. Try again.",
    504: "The server in the lab takes too long.",
}


def page(status: int, words: str, headers: http1.Headers) -> web.Response:
    """Return a page that says one thing."""
    body = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{status}</title><p>{html.escape(words)}</p>'
    safe = [("Content-Security-Policy", "default-src 'none'"), ("X-Content-Type-Options", "nosniff")]
    kept = CIMultiDict([*headers, *safe])
    kept.setdefault("Cache-Control", "no-store")
    return web.Response(status=status, text=body, content_type="text/html", headers=kept)
