"""Tickets for the gateway, in the name of who is signed in and of the session of their browser."""

import uuid

from flask import current_app, session

from blueprints.pages import me
from extensions import session_digest
from services import tickets
from services.tickets import Holder

# Marks a session that has tickets, which end with it.
HAS_TICKETS = "has_tickets"


def live(topic: str) -> str:
    """Return a ticket to watch or use a topic."""
    return tickets.live(current_app.config["SECRET_KEY"], _holder(), topic)


def terminal(session_id: uuid.UUID, visit_id: int | None = None) -> str:
    """Return a ticket that opens one terminal of a lab, once."""
    store = current_app.extensions["yurt_redis"]
    return tickets.terminal(store, _holder(), session_id=session_id, visit_id=visit_id)


def port(session_id: uuid.UUID, number: int) -> str:
    """Return a ticket that is changed once for the cookie of a port's own host."""
    return tickets.port(current_app.extensions["yurt_redis"], _holder(), session_id=session_id, port=number)


def _holder() -> Holder:
    user = me()
    session[HAS_TICKETS] = True
    return Holder(user.id, session_digest(session.sid), tickets.account_digest(user.fs_uniquifier))  # type: ignore[attr-defined]  # extensions.Sessions
