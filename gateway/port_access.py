"""Finds the caller of a lab's port: by a ticket in the path on the site's host, or a cookie on a host of its own."""

import re
import uuid
from dataclasses import dataclass
from urllib.parse import urlsplit

from aiohttp import web

from gateway import port_headers
from gateway.port_headers import PortAddress
from gateway.tickets import Tickets
from services.tickets import PORT_SECONDS, Holder

ENTER = "/.yurt/enter"
HOST = re.compile(r"([1-9][0-9]{0,4})-([0-9a-f]{32})\.([^:]+)(?::[0-9]+)?")


@dataclass(frozen=True)
class Caller:
    """A request that may go to a port of a lab; `target` is its path there, with the query."""

    holder: Holder
    session_id: str
    port: int
    target: str
    address: PortAddress


class PortAccess:
    """Reads addresses with their tickets and cookies; raises the HTTP error of one that opens nothing."""

    def __init__(self, tickets: Tickets, public_url: str, ports_host: str) -> None:
        self._tickets, self._site = tickets, public_url
        self._suffix = ports_host.removeprefix("*.").partition(":")[0].lower()
        self._is_secure = public_url.startswith("https://")
        # Browsers take Secure cookies from this machine itself without TLS.
        self._may_be_secure = self._is_secure or urlsplit(public_url).hostname in ("localhost", "127.0.0.1", "::1")

        self._is_local = not self._is_secure and self._suffix.endswith(".localhost")

    def on_path(self, request: web.Request) -> Caller:
        """Return the caller by the ticket in the path."""
        session_id, port, ticket = (request.match_info[name] for name in ("session_id", "port", "ticket"))
        holder = self._tickets.live(ticket, "port", session_id, port)
        prefix = f"/live/ports/{session_id}/{port}/{ticket}/"
        if not request.raw_path.startswith(prefix):
            raise web.HTTPNotFound
        address = PortAddress(int(port), "null", prefix, False, self._may_be_secure, self._site, f"yurt-lab-{port}-")
        return Caller(holder, session_id, int(port), "/" + request.raw_path.removeprefix(prefix), address)

    def names_host(self, request: web.Request) -> bool:
        """Say whether the request is for a lab's own host, wherever it came in."""
        host = HOST.fullmatch(request.host.lower())
        return bool(host and self._suffix and host[3] == self._suffix)

    async def on_host(self, request: web.Request) -> Caller | None:
        """Return the caller by the cookie of a lab's own host; None where a ticket is to be exchanged for it."""
        session_id, port = _named(request)
        if request.path == ENTER:
            return None
        ticket = port_headers.access_ticket(request.headers.items(), is_secure=self._is_secure)
        holder = self._tickets.live(ticket, "port", session_id, port)
        return Caller(holder, session_id, port, request.raw_path, self._own_host(request, port))

    def _own_host(self, request: web.Request, port: int) -> PortAddress:
        scheme = "https" if self._is_secure else "http"
        origin = f"{scheme}://{request.host.lower()}"
        return PortAddress(port, origin, "/", True, self._is_secure, self._site, is_local=self._is_local)

    async def enter(self, request: web.Request) -> web.Response:
        """Exchange a one-use ticket for the cookie of this host."""
        session_id, port = _named(request)
        holder, opens = await self._tickets.once(request.query.get("ticket", ""))
        if opens.get("port") != f"{session_id}:{port}":
            raise web.HTTPForbidden
        ticket = self._tickets.sign(holder, "port", session_id, port)
        is_framed = request.headers.get("Sec-Fetch-Dest") == "iframe"
        cookie = port_headers.access_cookie(
            ticket, PORT_SECONDS, is_secure=self._is_secure, is_framed=is_framed, is_local=self._is_local
        )
        headers = {"Location": "/", "Set-Cookie": cookie, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
        return web.Response(status=303, headers=headers)


def _named(request: web.Request) -> tuple[str, int]:
    """Return the session and the port that a lab's own host names."""
    host = HOST.fullmatch(request.host.lower())
    assert host is not None
    return str(uuid.UUID(host[2])), int(host[1])
