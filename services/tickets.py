"""Tickets for the gateway: signed ones for what a page watches, one-use ones for terminals."""

import hashlib
import json
import secrets
import uuid
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Protocol

from itsdangerous import BadData, URLSafeTimedSerializer

SALT = "yurt-live"
LIVE_SECONDS = 12 * 3600
# The file panel asks for a new one when it needs one.
FILES_SECONDS = 600
TERMINAL_SECONDS = 60
# For how long the pages of a lab's web server open; then the lab's page has to open them again.
PORT_SECONDS = 2 * 3600


# Of a SHA-256; nobody finds another value with the same in years.
DIGEST_DIGITS = 32


@dataclass(frozen=True)
class Holder:
    """Who got a ticket, and in what: the digests of their browser's session, and of their account's key.

    The key (`fs_uniquifier`) changes with the password: what was given before is worth nothing then.
    """

    user_id: int
    session: str
    account: str


@lru_cache(maxsize=10_000)
def account_digest(uniquifier: str) -> str:
    """Return what tickets know of an account's key."""
    return hashlib.sha256(f"account:{uniquifier}".encode()).hexdigest()[:DIGEST_DIGITS]


class Store(Protocol):
    """What one-use tickets need of a Redis client."""

    def set(self, name: str, value: str, ex: int) -> Any:
        """Keep `value` for `ex` seconds."""


def live(secret_key: str, holder: Holder, topic: str) -> str:
    """Return a ticket with which `holder` may watch or use `topic`; whoever reads it says for how long."""
    value = {"u": holder.user_id, "s": holder.session, "a": holder.account, "t": topic}
    return str(URLSafeTimedSerializer(secret_key, salt=SALT).dumps(value))


def read_live(secret_key: str, ticket: str, seconds: int | None = None) -> tuple[Holder, str] | None:
    """Return (holder, topic) of a ticket that we signed, at most `seconds` ago: twelve hours where it isn't said."""
    longest = LIVE_SECONDS if seconds is None else seconds
    try:
        found = URLSafeTimedSerializer(secret_key, salt=SALT).loads(ticket, max_age=longest)
    except BadData:
        return None
    if not isinstance(found, dict) or {"u", "s", "a", "t"} - found.keys():
        return None  # of an earlier version
    return Holder(int(found["u"]), str(found["s"]), str(found["a"])), str(found["t"])


def terminal_key(ticket: str) -> str:
    """Return the Redis key of a one-use ticket; the ticket itself isn't kept."""
    return f"yurt:ticket:{hashlib.sha256(ticket.encode()).hexdigest()}"


def terminal(store: Store, holder: Holder, *, session_id: uuid.UUID, visit_id: int | None = None) -> str:
    """Make a ticket that opens one terminal of the lab session, once, within a minute; a visitor's names the visit."""
    return _once(store, holder, session=str(session_id), visit=visit_id)


def port(store: Store, holder: Holder, *, session_id: uuid.UUID, port: int) -> str:
    """Make a ticket that is changed for the cookie of a lab's own host, once, within a minute."""
    return _once(store, holder, port=f"{session_id}:{port}")


def read_once(kept: bytes | str | None) -> tuple[Holder, dict[str, Any]] | None:
    """Return (holder, what it opens) of what Redis kept of a one-use ticket."""
    value = json.loads(kept) if kept else {}
    if "holder" not in value:
        return None
    return Holder(**value["holder"]), value


def _once(store: Store, holder: Holder, **opens: Any) -> str:
    ticket = secrets.token_urlsafe(32)
    store.set(terminal_key(ticket), json.dumps({"holder": asdict(holder), **opens}), ex=TERMINAL_SECONDS)
    return ticket
