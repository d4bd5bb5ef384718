"""Says who asks, and whence, for the audit log (`services/audit.py`)."""

from flask import Flask, g, has_request_context, request
from flask_limiter.util import get_remote_address

from blueprints.pages import person
from services.audit import Origin


def init_app(app: Flask) -> None:
    """Let services know by whom they are asked."""
    app.extensions["yurt_given"]["origin"] = origin


def origin() -> Origin:
    """Return who sent the request that is being answered; without one it is a command of the operator's."""
    if not has_request_context():
        return Origin("command")
    whence = {"address": get_remote_address(), "request_id": g.get("request_id")}
    if request.path.startswith("/api/"):
        token = g.get("api_token")
        return Origin("api", *((token.user_id, token.id) if token is not None else ()), **whence)
    user = person()
    return Origin("page", user.id if user is not None else None, **whence)
