"""Tickets for the gateway: issued in the name of who is signed in, and redeemed. No other module does either.

With a signed ticket a page may watch or use one thing, as often as it likes until the ticket is too old. A one-use
ticket opens one terminal, or is exchanged for the cookie of a lab's own host; Redis keeps it for a minute.
"""

import hashlib
import json
import secrets
import uuid
from collections.abc import Awaitable
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Literal, Protocol

from itsdangerous import BadData, URLSafeTimedSerializer

SALT = "yurt-live"
LIVE_SECONDS = 12 * 3600
# The file panel asks for a new one when it needs one.
FILES_SECONDS = 600
TERMINAL_SECONDS = 60
# For how long the pages of a lab's web server open; then the lab's page has to open them again.
PORT_SECONDS = 2 * 3600
# What a signed ticket is for; in the ticket the IDs follow: `lab:<session>`, `port:<session>:<port>`.
Kind = Literal["attempt", "board", "files", "generation", "lab", "labs", "port", "probe"]

# Digits of a SHA-256 that are kept: too many for anybody to find another value with the same.
DIGEST_DIGITS = 32


@dataclass(frozen=True)
class Holder:
    """Who got a ticket, with the digests of their browser's session and of their account's key.

    The key (`fs_uniquifier`) changes with the password, which ends all tickets from before.
    """

    user_id: int
    session: str
    account: str


@lru_cache(maxsize=10_000)
def account_digest(uniquifier: str) -> str:
    """Return what tickets know of an account's key."""
    return hashlib.sha256(f"account:{uniquifier}".encode()).hexdigest()[:DIGEST_DIGITS]


class Store(Protocol):
    """What issuing one-use tickets needs of a Redis client."""

    def set(self, name: str, value: str, ex: int) -> Any:
        """Keep `value` for `ex` seconds."""


class AsyncStore(Protocol):
    """What redeeming one-use tickets needs of an asynchronous Redis client."""

    def getdel(self, name: str) -> Awaitable[Any]:
        """Return what is kept, and forget it."""


@dataclass(frozen=True)
class Issuer:
    """Issues tickets in the name of `holder`."""

    secret_key: str
    store: Store
    holder: Holder

    def live(self, kind: Kind, *ids: object) -> str:
        """Return a signed ticket with which the holder may watch or use that one."""
        return live(self.secret_key, self.holder, kind, *ids)

    def terminal(self, session_id: uuid.UUID, visit_id: int | None = None) -> str:
        """Return a one-use ticket that opens a terminal of the lab session; a visitor's names the visit."""
        return self._once(session=str(session_id), visit=visit_id)

    def port(self, session_id: uuid.UUID, port: int) -> str:
        """Return a one-use ticket that is changed for the cookie of a lab's own host."""
        return self._once(port=f"{session_id}:{port}")

    def _once(self, **opens: Any) -> str:
        ticket = secrets.token_urlsafe(32)
        value = json.dumps({"holder": asdict(self.holder), **opens})
        self.store.set(terminal_key(ticket), value, ex=TERMINAL_SECONDS)
        return ticket


def topic(kind: Kind, *ids: object) -> str:
    """Return what a signed ticket is for, as it stands in the ticket."""
    return ":".join([kind, *map(str, ids)])


def live(secret_key: str, holder: Holder, kind: Kind, *ids: object) -> str:
    """Return a signed ticket with which `holder` may watch or use that one."""
    value = {"u": holder.user_id, "s": holder.session, "a": holder.account, "t": topic(kind, *ids)}
    return str(URLSafeTimedSerializer(secret_key, salt=SALT).dumps(value))


def read_live(secret_key: str, ticket: str, seconds: int | None = None) -> tuple[Holder, str] | None:
    """Return (holder, topic) of a ticket that we signed at most `seconds` ago, by default twelve hours; else None."""
    longest = LIVE_SECONDS if seconds is None else seconds
    try:
        value = URLSafeTimedSerializer(secret_key, salt=SALT).loads(ticket, max_age=longest)
    except BadData:
        return None
    if not isinstance(value, dict) or {"u", "s", "a", "t"} - value.keys():
        return None  # of an earlier version
    return Holder(int(value["u"]), str(value["s"]), str(value["a"])), str(value["t"])


def redeem_live(secret_key: str, ticket: str, kind: Kind, *ids: object) -> Holder | None:
    """Return who may watch or use that one by a signed ticket; None for a ticket that is too old or for another."""
    seconds = {"files": FILES_SECONDS, "probe": FILES_SECONDS, "port": PORT_SECONDS}.get(kind)
    match read_live(secret_key, ticket, seconds):
        case (holder, signed) if signed == topic(kind, *ids):
            return holder
    return None


def terminal_key(ticket: str) -> str:
    """Return the Redis key of a one-use ticket; the ticket itself isn't kept."""
    return f"yurt:ticket:{hashlib.sha256(ticket.encode()).hexdigest()}"


async def redeem_once(store: AsyncStore, ticket: str) -> tuple[Holder, dict[str, Any]] | None:
    """Use up a one-use ticket; return (holder, what it opens), or None where there is no such ticket."""
    kept = await store.getdel(terminal_key(ticket))
    value = json.loads(kept) if kept else {}
    if "holder" not in value:
        return None
    return Holder(**value["holder"]), value
