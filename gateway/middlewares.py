"""What every request passes: a check of the host it asks for, its ID, and the answer where a handler fails."""

from collections.abc import Awaitable, Callable

import structlog
from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware

import telemetry
from services.hosts import Hosts, forwarded

REQUESTED_HOST: web.RequestKey[str] = web.RequestKey("requested_host", str)
REQUEST_ID: web.RequestKey[str] = web.RequestKey("id", str)
IS_BEGUN: web.RequestKey[bool] = web.RequestKey("is_begun", bool)
log = structlog.get_logger("yurt.gateway")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def refuse_foreign_hosts(hosts: Hosts, proxies: int) -> Middleware:
    """Return the middleware that keeps the host in the request, and refuses foreign ones."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        named = ", ".join(request.headers.getall(hdrs.HOST, []))
        chain = ", ".join(request.headers.getall("X-Forwarded-Host", []))
        request[REQUESTED_HOST] = forwarded(named, chain, proxies)
        if not hosts.serves(request[REQUESTED_HOST]) and request.path != "/healthz":
            problem = {"type": "about:blank", "title": "Misdirected Request", "status": 421}
            detail = f"This site has another address: {hosts.url}"
            return web.json_response({**problem, "detail": detail}, status=421, content_type="application/problem+json")
        return await handler(request)

    return check


def answer_failures(proxies: int) -> Middleware:
    """Return the middleware that names each request, and answers and logs what failed by our own mistake."""

    @web.middleware
    async def name(request: web.Request, handler: Handler) -> web.StreamResponse:
        request[REQUEST_ID] = number = telemetry.request_id(request.headers.get("X-Request-ID", "") if proxies else "")
        resource = request.match_info.route.resource
        try:
            return await handler(request)
        except web.HTTPException as error:
            # aiohttp's own words are plain text; a handler that says something itself says it its own way.
            if error.status < 400 or error.content_type != "text/plain":
                raise
            problem = {"type": "about:blank", "title": error.reason, "status": error.status, "request_id": number}
            kept = {hdrs.CONTENT_TYPE, hdrs.CONTENT_LENGTH}
            headers = {name: value for name, value in error.headers.items() if name not in kept}
            return web.json_response(
                problem, status=error.status, content_type="application/problem+json", headers=headers
            )
        except Exception as error:
            if request.get(IS_BEGUN):
                raise  # aiohttp logs it and cuts the connection
            log.error(
                "unexpected",
                exc_info=error,
                request_id=number,
                route=resource.canonical if resource else "unknown",
                method=request.method,
            )
            problem = {"type": "about:blank", "title": "Our mistake", "status": 500, "request_id": number}
            return web.json_response(
                {**problem, "detail": "Something went wrong on our side. It has been logged."},
                status=500,
                content_type="application/problem+json",
                headers={"Cache-Control": "no-store"},
            )

    return name


async def add_request_id(request: web.Request, response: web.StreamResponse) -> None:
    """Give the answer the request's ID, as its head is sent."""
    request[IS_BEGUN] = True
    if number := request.get(REQUEST_ID):
        response.headers["X-Request-ID"] = number
