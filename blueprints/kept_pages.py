"""Pages that are kept as they were made, for the person whose they are, until something changes of what they show.

A view says that its page may be kept, and what it depends on (`keep`). The next request for it in the same session is
answered before Flask (`kept_lane.py`), if all that still holds. docs/adr/0046-pages-are-kept-by-what-they-show.md.
"""

import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

import structlog
from flask import Flask, Response, current_app, g, request, session
from redis import RedisError

from blueprints import kept_entries, kept_lane, live_tickets, together
from blueprints.kept_parts import PARTS, Parts
from config import Settings
from extensions import READ, WRITTEN, SessionRead, Sessions, db, session_digest
from models import Course, User
from route_names import route_name
from services import kept_versions
from services.kept_asks import Asks
from services.kept_versions import Depends

# What the first page of a session notes in it: that it has a form, and a ticket for the gateway, and that its browser
# has another address than the one that signed in (Flask-Login).
SILENT = {"csrf_token", live_tickets.HAS_TICKETS, "_fresh"}

log = structlog.get_logger("yurt.pages")


def init_app(app: Flask, settings: Settings) -> None:
    """Keep pages, where the setting says so."""
    app.extensions[PARTS] = Parts()
    if settings.kept_pages_s:
        with app.app_context():
            asks = app.extensions[kept_lane.ASKS] = Asks(db.engine)
        release = kept_entries.release(
            settings.site_name, settings.registration, settings.public_url, settings.second_factor_for
        )
        app.extensions[kept_lane.RELEASE] = release
        app.extensions[PARTS] = Parts(app.extensions["yurt_redis"], release, settings.kept_pages_s)
        app.after_request(_store)
        app.after_request(_store_at)
        together.init_app(app, asks).lanes.append(kept_lane.Lane(app))


def keep(
    user: User | None,
    *courses: Course,
    has_people: bool = False,
    until: Iterable[datetime] = (),
    slot: dict[str, Any] | None = None,
) -> None:
    """Let the page of this request be kept.

    It shows what is `user`'s own and these courses' contents, with who is in them where it says so; changes by itself
    at the moments of `until` that are to come; and may have one slot, between `<!--slot-->` and `<!--/slot-->`, which
    is filled each time that it is sent.
    """
    if user is None:
        return
    keys = [kept_versions.person(user.id), *(kept_versions.course(course.id) for course in courses)]
    keys += [kept_versions.people(course.id) for course in courses if has_people]
    g.kept_on, g.kept_slot = kept_versions.depends(db.session(), keys), slot
    g.kept_until = min((at.timestamp() for at in until if at.timestamp() > time.time()), default=None)


def keep_at(path: str, on: Depends, slot: dict[str, Any], route: str, until: float | None) -> None:
    """Let a page at another address be made without Flask after this request, from what `slot` says of it.

    `until` is when it changes by itself.
    """
    g.kept_at = path, on, slot, route, until


def _store_at(response: Response) -> Response:
    noted: tuple[str, Depends, dict[str, Any], str, float | None] | None = g.get("kept_at")
    read: SessionRead | None = request.environ.get(READ)
    if noted is None or response.status_code >= 400 or read is None or read.stored is None:
        return response
    whose = _whose(read)
    if whose is None:
        return response
    path, on, slot, route, until = noted
    entry = kept_entries.Entry(
        session="",
        identity=kept_entries.digest(whose),
        languages=kept_lane.languages_of(request.environ),
        on=on,
        until=min(time.time() + current_app.extensions["yurt"].kept_pages_s, until or float("inf")),
        route=route,
        headers=[],
        body=b"",
        slot=slot,
    )
    release: str = current_app.extensions[kept_lane.RELEASE]
    _keep(entry, read.stored, kept_entries.key(release, session_digest(read.sid), path, ""))
    return response


def _whose(read: SessionRead) -> bytes | None:
    """Return who asks, as it is kept; this request may have been the one that asked PostgreSQL."""
    return (read.identity[0] if read.identity else None) or g.get("identity_kept")


def _store(response: Response) -> Response:
    on: Depends | None = g.get("kept_on")
    read: SessionRead | None = request.environ.get(READ)
    if on is None or read is None or not read.keys or read.stored is None:
        return response
    whose = _whose(read)
    is_plain = response.status_code == 200 and not response.is_streamed and "Set-Cookie" not in response.headers
    if whose is None or not is_plain:
        return response
    kept_s = current_app.extensions["yurt"].kept_pages_s
    until = min(time.time() + kept_s, g.kept_until or float("inf"))
    slot, body = g.get("kept_slot"), response.get_data()
    entry = kept_entries.Entry(
        session="",
        identity=kept_entries.digest(whose),
        languages=kept_lane.languages_of(request.environ),
        on=on,
        until=until,
        route=route_name(),
        headers=[[name, value] for name, value in response.headers if name.lower() not in kept_entries.OWN_HEADERS],
        body=kept_entries.compressed(body if slot is None else kept_entries.opened(body)),
        slot=slot,
    )
    _keep(entry, read.stored, read.keys[0])
    return response


def _keep(entry: kept_entries.Entry, stored: bytes, key: str) -> None:
    """Keep a page now, or once the session is written in which this request noted something."""
    if not getattr(session, "modified", True):
        _write(entry, key, stored)
    elif _is_silent(stored):
        request.environ[WRITTEN] = partial(_write, entry, key)


def _write(entry: kept_entries.Entry, key: str, stored: bytes) -> None:
    """Keep a page for the session as it is stored now."""
    made = replace(entry, session=kept_entries.digest(stored))
    try:
        redis = current_app.extensions["yurt_redis"]
        redis.set(key, made.packed(), ex=current_app.extensions["yurt"].kept_pages_s)
    except RedisError as error:
        log.warning("page not kept", error=type(error).__name__)


def _is_silent(stored: bytes) -> bool:
    """Say whether this request noted only such things in its session as its page shows each time."""
    sessions: Sessions = current_app.session_interface  # type: ignore[assignment]  # app.py has set it
    before: dict[str, Any] = sessions.serializer.decode(stored)
    names = {name for name in {*before, *session} if before.get(name) != session.get(name)}
    return names <= SILENT
