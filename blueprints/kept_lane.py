"""Answers a request for a kept page before Flask, with one message to Redis and one statement of PostgreSQL.

It answers only where the page was made in the same session, for the same person as they are now, and nothing changed
of what it shows. Whatever is unusual about a request, or fails, is Flask's.
"""

import re
import time
from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any, TypeVar

from flask import Flask
from prometheus_client import Counter

from blueprints import kept_entries
from blueprints.kept_entries import Entry
from blueprints.together import Answer, Environ, Headers, Message, Talk
from extensions import READ, SessionRead, Sessions, session_digest
from services.accounts import identities
from services.kept_versions import Depends

COOKIE = re.compile(r"(?:^|;\s*)yurt_session=([A-Za-z0-9_.-]+)(?:;|$)")
GZIP = re.compile(r"(?:^|,)\s*gzip\s*(?:,|$|;\s*q=(?!0(?:\.0*)?\s*(?:,|$)))")
# A request that says more about itself than these pages look at.
UNUSUAL = ("HTTP_AUTHORIZATION", "HTTP_X_YURT_PERSON", "HTTP_RANGE")

ATTEMPT = re.compile(r"/attempts/[0-9]{1,19}")
QUERIES = ("", "partial=1")
# Who asks whether what was kept still holds.
ASKS = "yurt_kept_asks"
# Who fills slots, by name: from what else the page depends on, whose it is, and what the slot says. None: it is stale.
# It yields what has to be asked, and is sent what changed of it.
SLOTS = "yurt_slots"
Result = TypeVar("Result")
Filling = Generator[Depends, set[str], Result]
Fill = Callable[[Depends, int, dict[str, Any]], Filling[bytes | None]]
# Who makes whole pages, by name, from an entry without a body. None: it is stale, or something is missing.
MAKERS = "yurt_page_makers"
Make = Callable[[Entry], Filling[Entry | None]]
RELEASE = "yurt_release"

PAGES = Counter("yurt_kept_pages_total", "Requests for pages that are kept, by outcome.", ["outcome"])
HITS, CHANGED, MISSES = (PAGES.labels(outcome) for outcome in ("hit", "changed", "miss"))


class Lane:
    """Answers for pages that are kept."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._lifetime = app.permanent_session_lifetime
        self._release: str = app.extensions[RELEASE]

    def is_for(self, environ: Environ) -> bool:
        """Say whether the request is for a page that may be kept, of somebody with a session."""
        return _is_for_a_page(environ)

    def talk(self, environ: Environ) -> Talk:
        """Answer with the page that is kept, if it still is what Flask would make."""
        cookie = COOKIE.search(environ["HTTP_COOKIE"])
        if cookie is None:
            return None
        sid = cookie[1]
        key = kept_entries.key(
            self._release,
            session_digest(sid),
            environ.get("SCRIPT_NAME", "") + environ["PATH_INFO"],
            environ.get("QUERY_STRING", ""),
        )
        sessions: Sessions = self._app.session_interface  # type: ignore[assignment]  # app.py has set it
        reading = sessions.reading(sid, self._lifetime, key)
        read = environ[READ] = reading.told((yield Message(reading.commands)))
        entry = _valid(read, languages_of(environ))
        if entry is None:
            MISSES.inc()
            return None
        page = yield from self._page(entry, sid)
        (CHANGED if page is None else HITS).inc()
        return None if page is None else _answer(environ, page)

    def _page(self, entry: Entry, sid: str) -> Filling[Entry | None]:
        """Find the page with what is of now in it; None where something changed of what else it shows."""
        if entry.slot is None:
            changed = yield entry.on
            return None if changed else entry
        make: Make | None = self._app.extensions.get(MAKERS, {}).get(entry.slot["name"])
        if make is not None:
            made = yield from make(entry)
            return made
        fill: Fill = self._app.extensions[SLOTS][entry.slot["name"]]
        part = yield from fill(entry.on, int(sid.rpartition(".")[2]), entry.slot)
        if part is None:
            return None
        return replace(entry, slot=None, body=kept_entries.filled(kept_entries.plain(entry.body), part), is_plain=True)


def _answer(environ: Environ, entry: Entry) -> Answer:
    own: Headers = (("Vary", "Accept-Encoding"),)
    body = entry.body
    if not entry.is_plain and GZIP.search(environ.get("HTTP_ACCEPT_ENCODING", "")):
        own = (*own, ("Content-Encoding", "gzip"))
    elif not entry.is_plain:
        body = kept_entries.plain(body)
    return Answer(entry.route, tuple((name, value) for name, value in entry.headers), own, body)


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
