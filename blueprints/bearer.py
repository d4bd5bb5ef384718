"""Bearer tokens for /api/v1. The session's cookie counts for nothing there, so nobody's page can use it."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from apiflask import HTTPTokenAuth
from flask import Flask, Response, current_app, g, request
from flask_babel import gettext as _

from blueprints import limits, openapi
from blueprints.errors import answer
from blueprints.pages import now
from extensions import db
from models import ApiToken, User
from reasons import Code, Reason
from services.accounts import required, scopes, tokens
from services.errors import Forbidden, NotFound

# Where a request says that it has been counted, before Flask (blueprints/leaderboards/lane.py).
COUNTED = "yurt.api_counted"

View = TypeVar("View", bound=Callable[..., Any])

auth = HTTPTokenAuth(
    scheme="Bearer",
    security_scheme_name="bearerAuth",
    description="A token of the page “API tokens”, or of `flask token create`.",
)


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
    if api_token is not None and required.lacks(api_token.user, current_app.extensions["yurt"].second_factor_for):
        raise Forbidden(reason=Reason(Code.SECOND_FACTOR_NEEDED))
    if api_token is not None and tokens.note_use(api_token, now=now()):
        db.session.commit()
    return api_token


@auth.error_processor
def refuse(_error: Any) -> Any:
    """Answer a request without a token that works."""
    response, status = answer(401, _("Send a valid token: Authorization: Bearer yurt_…"))
    return response, status, {"WWW-Authenticate": "Bearer"}


def scope(name: str, *, heeds_course: bool = False) -> Callable[[View], View]:
    """Demand a scope of the token, an area's such as `bank:read`; and that the address is of the token's course.

    A view whose address is of no course is closed to a token that is bound to one, unless it `heeds_course` itself.
    """
    if name not in scopes.OF_AREAS:
        raise ValueError(f"{name}: a scope is one of {', '.join(scopes.OF_AREAS)}")

    def decorate(view: View) -> View:
        openapi.needs_scope(view.__name__, name)

        @wraps(view)
        def guarded(*args: Any, **names: Any) -> Any:
            if not scopes.allow(token().scopes, name):
                raise Forbidden(_("This token lacks the scope “%(name)s”.", name=name))
            if not heeds_course:
                _stay_in_course(names)
            return view(*args, **names)

        return cast(View, guarded)

    return decorate


def _stay_in_course(names: dict[str, Any]) -> None:
    course_id = token().course_id
    if course_id is None:
        return
    if not scopes.is_of_course(list(names)):
        raise Forbidden(_("This token works in one course alone, and this is of no course."))
    if scopes.course_of(names) != course_id:
        raise NotFound


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
