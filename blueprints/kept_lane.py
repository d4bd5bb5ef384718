"""WSGI: answers a request for a kept page before Flask, with one message to Redis and one statement of PostgreSQL.

It answers only where the page was made in the same session, for the same person as they are now, and nothing changed
of what it shows. Whatever is unusual about a request, or fails, is Flask's.
"""

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import structlog
from flask import Flask
from prometheus_client import Counter
from redis import RedisError
from sqlalchemy.exc import SQLAlchemyError

import telemetry
from blueprints import hosts, kept_entries
from blueprints.kept_entries import Entry
from extensions import READ, SessionRead, Sessions, session_digest
from services.accounts import identities
from services.kept_asks import Asks
from services.kept_versions import Depends

Environ = dict[str, Any]
Start = Callable[..., Any]
COOKIE = re.compile(r"(?:^|;\s*)yurt_session=([A-Za-z0-9_.-]+)(?:;|$)")
GZIP = re.compile(r"(?:^|,)\s*gzip\s*(?:,|$|;\s*q=(?!0(?:\.0*)?\s*(?:,|$)))")
# A request that says more about itself than these pages look at.
UNUSUAL = ("HTTP_AUTHORIZATION", "HTTP_X_YURT_PERSON", "HTTP_RANGE")

ATTEMPT = re.compile(r"/attempts/[0-9]{1,19}")
QUERIES = ("", "partial=1")
# Who asks whether what was kept still holds.
ASKS = "yurt_kept_asks"
# Who fills slots, by name: from what else the page depends on, whose it is, and what the slot says. None: it is stale.
SLOTS = "yurt_slots"
Fill = Callable[[Depends, int, dict[str, Any]], bytes | None]
# Who makes whole pages, by name, from an entry without a body. None: it is stale, or something is missing.
MAKERS = "yurt_page_makers"
Make = Callable[[Entry], Entry | None]
RELEASE = "yurt_release"

PAGES = Counter("yurt_kept_pages_total", "Requests for pages that are kept, by outcome.", ["outcome"])
log = structlog.get_logger("yurt")


class Lane:
    """Stands in front of the application."""

    def __init__(self, app: Flask, inner: Callable[[Environ, Start], Iterable[bytes]]) -> None:
        self._inner = inner
        self._app = app
        self._lifetime = app.permanent_session_lifetime
        self._release: str = app.extensions[RELEASE]
        self._asks: Asks = app.extensions[ASKS]

    def __call__(self, environ: Environ, start_response: Start) -> Iterable[bytes]:
        """Answer the request."""
        began = time.perf_counter()
        if _is_for_a_page(environ):
            entry = self._find(environ)
            if entry is not None:
                return self._answer(environ, start_response, entry, began)
        return self._inner(environ, start_response)

    def _find(self, environ: Environ) -> Entry | None:
        """Return the page that is kept for this request, if it still is what Flask would make."""
        cookie = COOKIE.search(environ["HTTP_COOKIE"])
        if cookie is None or not self._app.extensions["yurt_hosts"].serves(environ.get(hosts.ASKED, "")):
            return None
        sid = cookie[1]
        key = kept_entries.key(
            self._release,
            session_digest(sid),
            environ.get("SCRIPT_NAME", "") + environ["PATH_INFO"],
            environ.get("QUERY_STRING", ""),
        )
        sessions: Sessions = self._app.session_interface  # type: ignore[assignment]  # app.py has set it
        try:
            read = sessions.fetch(sid, self._lifetime, key)
        except RedisError:
            return None
        environ[READ] = read
        entry = _valid(read, languages_of(environ))
        if entry is None:
            PAGES.labels("miss").inc()
            return None
        try:
            page = self._page(entry, sid)
        except SQLAlchemyError:
            return None
        PAGES.labels("changed" if page is None else "hit").inc()
        return page

    def _page(self, entry: Entry, sid: str) -> Entry | None:
        """Return the page with what is of now in it; None where something changed of what else it shows."""
        if entry.slot is None:
            return None if self._asks.changes(entry.on) else entry
        make: Make | None = self._app.extensions.get(MAKERS, {}).get(entry.slot["name"])
        if make is not None:
            return make(entry)
        fill: Fill = self._app.extensions[SLOTS][entry.slot["name"]]
        part = fill(entry.on, int(sid.rpartition(".")[2]), entry.slot)
        if part is None:
            return None
        return replace(entry, slot=None, body=kept_entries.filled(kept_entries.plain(entry.body), part), is_plain=True)

    def _answer(self, environ: Environ, start_response: Start, entry: Entry, began: float) -> Iterable[bytes]:
        headers = [*((name, value) for name, value in entry.headers), ("Vary", "Accept-Encoding")]
        body = entry.body
        if not entry.is_plain and GZIP.search(environ.get("HTTP_ACCEPT_ENCODING", "")):
            headers.append(("Content-Encoding", "gzip"))
        elif not entry.is_plain:
            body = kept_entries.plain(body)
        return send(self._app, environ, start_response, headers, body, route=entry.route, began=began)


def send(
    app: Flask,
    environ: Environ,
    start_response: Start,
    headers: Iterable[tuple[str, str]],
    body: bytes,
    *,
    route: str,
    began: float,
) -> Iterable[bytes]:
    """Answer a request before Flask, as `telemetry.py` does after it: with an ID of its own, counted and logged."""
    given = environ.get("HTTP_X_REQUEST_ID", "") if app.extensions["yurt"].trusted_proxies else ""
    number = telemetry.request_id(given)
    start_response("200 OK", [*headers, ("Content-Length", str(len(body))), ("X-Request-ID", number)])
    telemetry.note(route, "GET", environ["PATH_INFO"], 200, time.perf_counter() - began, number, is_kept=True)
    return [body]


def _is_for_a_page(environ: Environ) -> bool:
    path = environ["PATH_INFO"]
    return (
        environ["REQUEST_METHOD"] == "GET"
        and (path == "/" or path.startswith("/courses/") or ATTEMPT.fullmatch(path) is not None)
        # One page an address: nobody fills Redis by asking for the same one in many ways.
        and environ.get("QUERY_STRING", "") in QUERIES
        and "HTTP_COOKIE" in environ
        and not any(name in environ for name in UNUSUAL)
    )


def languages_of(environ: Environ) -> str:
    """Return a digest of what languages the reader asks for."""
    return kept_entries.digest(environ.get("HTTP_ACCEPT_LANGUAGE", "").encode())


def _valid(read: SessionRead, languages: str) -> Entry | None:
    """Return the entry that came with the session, where it was made for both as they are now."""
    kept = read.further[0]
    if kept is None or read.stored is None or read.identity is None or identities.is_changing(read.identity):
        return None
    try:
        entry = kept_entries.read(kept)
    except (ValueError, KeyError, TypeError):
        return None
    is_theirs = entry.session == kept_entries.digest(read.stored) and read.identity[0] is not None
    if not is_theirs or entry.identity != kept_entries.digest(read.identity[0] or b""):
        return None
    return entry if entry.languages == languages and entry.until > time.time() else None
