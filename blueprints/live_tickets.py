"""Tickets for the gateway, issued to the person who is signed in and to their browser's session."""

from flask import current_app, session

from blueprints.pages import me
from extensions import session_digest
from services import tickets
from services.tickets import Holder, Issuer

# Marks a session whose tickets are to end with it.
HAS_TICKETS = "has_tickets"


def of_attempt(attempt_id: int) -> str:
    """Return where a page hears of changes of an attempt."""
    return f"/live/attempts/{attempt_id}?ticket={issuer().live('attempt', attempt_id)}"


def issuer() -> Issuer:
    """Return the issuer of tickets for the person who is signed in."""
    user = me()
    if not session.get(HAS_TICKETS):  # a session is written where something changed in it
        session[HAS_TICKETS] = True
    holder = Holder(user.id, session_digest(session.sid), tickets.account_digest(user.fs_uniquifier))  # type: ignore[attr-defined]  # extensions.Sessions
    return Issuer(current_app.config["SECRET_KEY"], current_app.extensions["yurt_redis"], holder)
