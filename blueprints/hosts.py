"""Requests come to this site under its own name, and from pages of its own.

After this module a request has PUBLIC_URL's host and scheme, whatever its sender wrote: no address is built from a
header.
"""

from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask, abort, current_app, request
from flask_wtf.csrf import CSRFError

from config import Settings
from extensions import csrf
from services.hosts import Hosts

SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
ASKED = "yurt.host"
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class OneAddress:
    """WSGI: keeps the host that was asked for aside, and puts PUBLIC_URL's in its place."""

    def __init__(self, application: Application, hosts: Hosts) -> None:
        self._application, self._hosts = application, hosts

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer the request."""
        environ[ASKED] = environ.get("HTTP_HOST", "")
        environ["HTTP_HOST"], environ["wsgi.url_scheme"] = self._hosts.netloc, self._hosts.scheme
        return self._application(environ, start_response)


def init_app(app: Flask, settings: Settings) -> None:
    """Give the application its one address; refuse other hosts before anything else, and other sites' forms."""
    hosts = Hosts(settings.public_url, settings.lab_ports_host, settings.trusted_hosts)
    app.extensions["yurt_hosts"] = hosts
    # For commands, which have no request.
    app.config.update(SERVER_NAME=hosts.netloc, PREFERRED_URL_SCHEME=hosts.scheme)
    app.wsgi_app = OneAddress(app.wsgi_app, hosts)  # type: ignore[method-assign]  # the documented way
    app.before_request(_require_own_host)


def _require_own_host() -> None:
    hosts: Hosts = current_app.extensions["yurt_hosts"]
    asked = request.environ[ASKED]
    has_token = bool(request.headers.get("Authorization"))
    if not hosts.serves(asked) and not hosts.serves_machine(request.path, asked, has_token=has_token):
        abort(421)


def protect_forms() -> None:
    """Refuse a form that isn't ours: by its token, and by the page that sends it where the browser says which."""
    if request.method in SAFE:
        return
    csrf.protect()
    is_own = own_page()
    # Over TLS a form is refused, too, whose request doesn't even say by the Referer which page sent it.
    if not is_own and (is_own is False or current_app.extensions["yurt_hosts"].scheme == "https"):
        raise CSRFError("sent by another site")


def own_page() -> bool | None:
    """Say whether a page of this site sent the request; None where the browser doesn't tell."""
    hosts: Hosts = current_app.extensions["yurt_hosts"]
    asked = request.environ[ASKED]
    origin = request.headers.get("Origin", "null")
    if origin != "null":
        return hosts.is_own_origin(origin, asked)
    # Without it the browser may still say what kind of page sends.
    if site := request.headers.get("Sec-Fetch-Site"):
        return site in ("same-origin", "none")
    if referer := request.headers.get("Referer"):
        scheme, _colon, rest = referer.partition("://")
        return hosts.is_own_origin(f"{scheme}://{rest.partition('/')[0]}", asked)
    return None
