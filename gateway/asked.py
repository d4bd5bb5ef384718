"""Which host a request asked for, and no answer where that isn't the site's or one of its labs'."""

from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware

from services.hosts import Hosts, forwarded

ASKED: web.RequestKey[str] = web.RequestKey("asked", str)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def guard(hosts: Hosts, proxies: int) -> Middleware:
    """Return the middleware that keeps the host in the request, and refuses foreign ones."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        named = ", ".join(request.headers.getall(hdrs.HOST, []))
        chain = ", ".join(request.headers.getall("X-Forwarded-Host", []))
        request[ASKED] = forwarded(named, chain, proxies)
        if not hosts.serves(request[ASKED]) and request.path != "/healthz":
            problem = {"type": "about:blank", "title": "Misdirected Request", "status": 421}
            detail = f"This site has another address: {hosts.url}"
            return web.json_response({**problem, "detail": detail}, status=421, content_type="application/problem+json")
        return await handler(request)

    return check
