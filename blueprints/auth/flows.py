"""What a browser has begun and will come back with: kept in Redis for minutes, for this browser alone, taken once.

A flow has a kind, so that what was begun for one thing can't be used for another, and its own name, so that two tabs
don't disturb each other. The browser is known by a secret in its session, which outlives the session's ID.
"""

import hashlib
import json
import secrets
from typing import Any

from flask import current_app, session

BROWSER = "yurt_browser"
KEPT_S = 10 * 60


def begin(kind: str, kept: dict[str, Any], name: str | None = None) -> str:
    """Keep something for this browser; return the name by which it is found again."""
    session.setdefault(BROWSER, secrets.token_urlsafe(16))
    name = name or secrets.token_urlsafe(32)
    current_app.extensions["yurt_redis"].set(_key(kind, name), json.dumps(kept), ex=KEPT_S)
    return name


def look(kind: str, name: str | None) -> dict[str, Any] | None:
    """Return what is kept, and leave it there; None where there is nothing of this browser any more."""
    return _read(current_app.extensions["yurt_redis"].get(_key(kind, name))) if _may_be(name) else None


def take(kind: str, name: str | None) -> dict[str, Any] | None:
    """Return what is kept, once: of two requests at the same time one gets it. Another browser's stays there."""
    return _read(current_app.extensions["yurt_redis"].getdel(_key(kind, name))) if _may_be(name) else None


def _may_be(name: str | None) -> bool:
    return bool(name) and BROWSER in session


def _read(text: bytes | None) -> dict[str, Any] | None:
    if text is None:
        return None
    kept: dict[str, Any] = json.loads(text)
    return kept


def _key(kind: str, name: str | None) -> str:
    # The name comes from outside, however long; and Redis has nothing by which a flow could be gone on with.
    digest = hashlib.sha256(f"{session[BROWSER]}:{name}".encode("utf-8", "replace")).hexdigest()
    return f"yurt:flow:{kind}:{digest}"
