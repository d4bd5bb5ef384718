"""Tickets for the gateway: signed ones for what a page watches, one-use ones for terminals."""

import hashlib
import json
import secrets
import uuid
from typing import Any, Protocol

from itsdangerous import BadData, URLSafeTimedSerializer

SALT = "yurt-live"
LIVE_SECONDS = 12 * 3600
# The file panel asks for a new one when it needs one.
FILES_SECONDS = 600
TERMINAL_SECONDS = 60
# For how long the pages of a lab's web server open; then the lab's page has to open them again.
PORT_SECONDS = 2 * 3600


class Store(Protocol):
    """What one-use tickets need of a Redis client."""

    def set(self, name: str, value: str, ex: int) -> Any:
        """Keep `value` for `ex` seconds."""


def live(secret_key: str, *, user_id: int, topic: str) -> str:
    """Return a ticket with which `user_id` may watch or use `topic`; whoever reads it says for how long."""
    return str(URLSafeTimedSerializer(secret_key, salt=SALT).dumps({"u": user_id, "t": topic}))


def read_live(secret_key: str, ticket: str, seconds: int | None = None) -> tuple[int, str] | None:
    """Return (user id, topic) of a ticket that we signed, at most `seconds` ago: twelve hours where it isn't said."""
    longest = LIVE_SECONDS if seconds is None else seconds
    try:
        found = URLSafeTimedSerializer(secret_key, salt=SALT).loads(ticket, max_age=longest)
    except BadData:
        return None
    return int(found["u"]), str(found["t"])


def terminal_key(ticket: str) -> str:
    """Return the Redis key of a one-use ticket; the ticket itself isn't kept."""
    return f"yurt:ticket:{hashlib.sha256(ticket.encode()).hexdigest()}"


def terminal(store: Store, *, user_id: int, session_id: uuid.UUID, visit_id: int | None = None) -> str:
    """Make a ticket that opens one terminal of the lab session, once, within a minute; a visitor's names the visit."""
    ticket = secrets.token_urlsafe(32)
    value = json.dumps({"user": user_id, "session": str(session_id), "visit": visit_id})
    store.set(terminal_key(ticket), value, ex=TERMINAL_SECONDS)
    return ticket


def port(store: Store, *, user_id: int, session_id: uuid.UUID, port: int) -> str:
    """Make a ticket that is changed for the cookie of a lab's own host, once, within a minute."""
    ticket = secrets.token_urlsafe(32)
    value = json.dumps({"user": user_id, "port": f"{session_id}:{port}"})
    store.set(terminal_key(ticket), value, ex=TERMINAL_SECONDS)
    return ticket
