"""Where a site asks for a second factor: who lacks theirs is led to add one, and nothing else works till then."""

from flask import Flask, current_app, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from blueprints.errors import wants_json
from config import Settings
from reasons import Code, Reason
from services.accounts import required
from services.errors import Forbidden

# Of a session whose person showed a second factor to the provider that they came by.
SHOWN = "yurt_factor_shown"
# What works without one: what adds one, shows who one is, or leads out.
OPEN_BLUEPRINTS = ("factors", "passkeys", "second", "sign_on", "health")
OPEN = (
    "static",
    "question_types.asset",
    "pictures.picture",
    "auth.session_now",
    "auth.go_on",
    "security.login",
    "security.logout",
    "security.verify",
    "security.change_password",
    "security.forgot_password",
    "security.reset_password",
    "security.confirm_email",
)


def init_app(app: Flask) -> None:
    """Look at every page's request."""
    app.jinja_env.globals["lacks_factor"] = lacks_factor
    app.before_request(lead)


def shown_to_provider(user_id: int) -> None:
    """Note that the person of this session showed a second factor to the provider that they came by."""
    session[SHOWN] = user_id


def lacks_factor() -> bool:
    """Say whether a second factor is asked of who is signed in, and they have none."""
    settings: Settings = current_app.extensions["yurt"]
    whom = settings.second_factor_for
    if whom == "nobody" or not current_user.is_authenticated or session.get(SHOWN) == current_user.id:
        return False
    return required.lacks(current_user, whom, staff=g.get("is_staff"))


def lead() -> ResponseReturnValue | None:
    """Lead somebody who lacks a second factor to where it is added. The API has its own way (blueprints/bearer.py)."""
    if current_app.extensions["yurt"].second_factor_for == "nobody":
        return None
    is_open = request.endpoint is None or request.endpoint in OPEN or request.blueprint in OPEN_BLUEPRINTS
    if is_open or request.path.startswith("/api/") or not lacks_factor():
        return None
    if wants_json():
        raise Forbidden(reason=Reason(Code.SECOND_FACTOR_NEEDED))
    return redirect(url_for("factors.show"))
