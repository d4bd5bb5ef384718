"""Bearer tokens for /api/v1. The session's cookie counts for nothing there, so nobody's page can use it."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from apiflask import HTTPTokenAuth
from flask import g, request
from flask_babel import gettext as _
from flask_limiter.util import get_remote_address

from blueprints.errors import answer
from blueprints.pages import now
from extensions import db, limiter
from models import ApiToken, Course, User
from services import courses, policy, tokens
from services.errors import Forbidden, NotFound

LIMIT = "600 per minute"

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

auth = HTTPTokenAuth(scheme="Bearer", security_scheme_name="bearerAuth", description="A token of `flask token create`.")


@auth.verify_token
def verify(plain: str) -> ApiToken | None:
    """Find the token, and note its use."""
    if not plain.startswith(tokens.PREFIX):
        return None
    found = tokens.find(plain, now=now())
    if found is not None and tokens.note_use(found, now=now()):
        db.session.commit()
    return found


@auth.error_processor
def refuse(_error: Any) -> Any:
    """Answer a request without a token that works."""
    response, status = answer(401, _("Send a valid token: Authorization: Bearer yurt_…"))
    return response, status, {"WWW-Authenticate": "Bearer"}


def scope(name: str) -> Callable[[Callable[Parameters, Result]], Callable[Parameters, Result]]:
    """Demand a scope of the token, and keep it within the rate."""

    def decorate(view: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
        @wraps(view)
        def guarded(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
            if name not in auth.current_user.scopes:
                raise Forbidden(_("This token lacks the scope “%(name)s”.", name=name))
            return view(*args, **kwargs)

        return limiter.limit(LIMIT, key_func=_who)(guarded)

    return decorate


def _who() -> str:
    sent = request.headers.get("Authorization", "")
    return tokens.digest(sent) if sent else get_remote_address()  # Redis never has a token itself


def me() -> User:
    """Return whose token it is."""
    user: User = auth.current_user.user
    g.user_id = user.id
    return user


def load_course(slug: str) -> tuple[Course, str | None]:
    """Return a course and the caller's role; NotFound hides what they may not know of."""
    course = courses.find(slug)
    role = courses.role_of(me().id, course)
    if not policy.may_see_course(me(), course, role):
        raise NotFound
    return course, role


def load_study(slug: str) -> tuple[Course, str | None]:
    """Return a course that the caller studies."""
    course, role = load_course(slug)
    if not policy.may_study(me(), role):
        raise Forbidden(_("Enrol in this course first."))
    return course, role
