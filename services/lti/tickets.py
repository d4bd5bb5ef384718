"""What is kept of a launch while it is under way: in Redis, by a random name, for minutes, and taken once."""

import hashlib
import json
import secrets
from typing import Any, Protocol

PREFIX = "yurt:lti:"


class Store(Protocol):
    """What is needed of a Redis client."""

    def set(self, name: str, value: Any, *, ex: int) -> Any:
        """Set a value that goes away after `ex` seconds."""

    def get(self, name: str) -> Any:
        """Return a value, or None."""

    def getdel(self, name: str) -> Any:
        """Return a value, or None, and forget it: of two that ask at once, one gets it."""


def put(store: Store, kind: str, value: dict[str, Any], seconds: int) -> str:
    """Keep a value; return the name by which it is taken, which nobody can guess."""
    name = secrets.token_urlsafe(32)
    store.set(_key(kind, name), json.dumps(value), ex=seconds)
    return name


def look(store: Store, kind: str, name: str) -> dict[str, Any] | None:
    """Return what is kept, and leave it there."""
    return _read(store.get(_key(kind, name)))


def take(store: Store, kind: str, name: str) -> dict[str, Any] | None:
    """Return what is kept, for the one time that it can be."""
    return _read(store.getdel(_key(kind, name)))


def _key(kind: str, name: str) -> str:
    # Who reads in Redis can't send what is found there.
    return f"{PREFIX}{kind}:{hashlib.sha256(name.encode(errors='replace')).hexdigest()}"


def _read(kept: Any) -> dict[str, Any] | None:
    value: dict[str, Any] | None = json.loads(kept) if kept is not None else None
    return value
