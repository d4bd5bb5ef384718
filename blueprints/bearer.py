"""Bearer tokens for /api/v1. The session's cookie counts for nothing there, so nobody's page can use it."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from apiflask import HTTPTokenAuth
from flask import Flask, Response, g, request
from flask_babel import gettext as _

from blueprints import limits
from blueprints.errors import answer
from blueprints.pages import now
from extensions import db
from models import ApiToken, User
from services.accounts import tokens
from services.errors import Forbidden

# Where a request says that it has been counted, before Flask (blueprints/leaderboards/lane.py).
COUNTED = "yurt.api_counted"

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

auth = HTTPTokenAuth(scheme="Bearer", security_scheme_name="bearerAuth", description="A token of `flask token create`.")


def init_app(app: Flask) -> None:
    """Keep everything below /api/ within its rate."""
    app.before_request(_admit)
    app.after_request(_tell)


def _admit() -> None:
    """Count a request before anything of it is judged: refused ones cost as much as others.

    Who has a token is counted by its row, however the header is written; the rest by address. A browser's question
    whether it may ask (OPTIONS) carries no token and does nothing.
    """
    if not request.path.startswith("/api/") or request.method == "OPTIONS":
        return
    sent = auth.get_auth()
    g.api_token = _find(sent.token) if sent is not None and sent.token else None
    g.api_limit = ("api_address", limits.address()) if g.api_token is None else ("api", g.api_token.id)
    if not request.environ.get(COUNTED):
        limits.spend(*g.api_limit)


def _tell(response: Response) -> Response:
    """Say how much of the rate is left."""
    if "api_limit" in g:
        response.headers.extend(limits.standing(*g.api_limit))
    return response


def _find(plain: str) -> ApiToken | None:
    return tokens.find(plain, now=now()) if plain.startswith(tokens.PREFIX) else None


@auth.verify_token
def verify(_plain: str) -> ApiToken | None:
    """Return the request's token, and note its use."""
    api_token: ApiToken | None = g.get("api_token")
    if api_token is not None and tokens.note_use(api_token, now=now()):
        db.session.commit()
    return api_token


@auth.error_processor
def refuse(_error: Any) -> Any:
    """Answer a request without a token that works."""
    response, status = answer(401, _("Send a valid token: Authorization: Bearer yurt_…"))
    return response, status, {"WWW-Authenticate": "Bearer"}


def scope(name: str) -> Callable[[Callable[Parameters, Result]], Callable[Parameters, Result]]:
    """Demand a scope of the token."""

    def decorate(view: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
        @wraps(view)
        def guarded(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
            if name not in token().scopes:
                raise Forbidden(_("This token lacks the scope “%(name)s”.", name=name))
            return view(*args, **kwargs)

        return guarded

    return decorate


def token() -> ApiToken:
    """Return the token of a route that demands one."""
    api_token: ApiToken | None = auth.current_user
    if api_token is None:
        raise Forbidden
    return api_token


def me() -> User:
    """Return whose token it is."""
    user: User = token().user
    g.user_id = user.id
    return user
