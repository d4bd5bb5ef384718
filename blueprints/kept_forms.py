"""Forms of pages whose session went away: what was filled in is kept for some minutes, and sent after a look.

The form's page may have been open for hours, its person signed out in another tab, the session forgotten by Redis. Its
token is stale then, and doesn't prove that its person wants it; but a browser says which site's page sent it. So a form
of our own pages is kept, its person signs in again, sees what they filled in, and sends it with one click. Passwords
are never kept, nothing is shown to another person than the form's page was made for, and forms of other sites refused.
"""

import json
import secrets
from dataclasses import dataclass
from typing import Any

import structlog
from flask import Response, current_app, flash, redirect, request, session, url_for
from flask_babel import gettext as _
from flask_login import current_user
from redis import RedisError

from blueprints import hosts, limits
from services.errors import LimitReached

KEEP_S = 15 * 60
MOST_CHARACTERS = 64 * 1024
SESSION_KEY = "kept_form"
# Who the form's page was made for (templates/_macros/ui.html).
PERSON = "form_person"
NEVER_KEPT = ("csrf_token", PERSON, "kept", "submit")
# Forms that one fills in while nobody is signed in.
WITHOUT_SIGN_IN = ("security.login", "security.register", "security.forgot_password", "security.reset_password")

log = structlog.get_logger("yurt.forms")


@dataclass(frozen=True)
class KeptForm:
    """A form as it was sent. `secrets` are the names of fields that have to be typed again."""

    address: str
    endpoint: str
    person: str
    fields: list[tuple[str, str]]
    secrets: list[str]

    @property
    def needs_person(self) -> bool:
        """Whether somebody has to be signed in to send it."""
        return self.endpoint not in WITHOUT_SIGN_IN

    def is_of(self, user_id: int | None) -> bool:
        """Whether it may be shown to a person: one's own, or one of a page that was made for nobody."""
        return not self.person or self.person == str(user_id)


def form_person() -> str:
    """Return the id of the person that a page is made for, or nothing."""
    return str(current_user.id) if current_user.is_authenticated else ""


def keep() -> Response | None:
    """Keep the form of this request and lead to where it goes on; None where it can't be kept."""
    # A file that was chosen can't be kept, nor chosen again by a page: its form is said to be out of date.
    if not _is_form() or any(file.filename for file in request.files.values()):
        return None
    if request.endpoint == "security.logout" and not current_user.is_authenticated:
        return _see_other(url_for("courses.home"))  # the form was to sign out, and nobody is signed in
    try:
        limits.spend("kept_forms", limits.address())
        _store(_read())
    except (LimitReached, RedisError, ValueError) as error:
        log.warning("form not kept", reason=type(error).__name__)
        return None
    if request.endpoint in WITHOUT_SIGN_IN or current_user.is_authenticated:
        return _see_other(url_for("auth.go_on"))
    flash(_("You have been signed out. What you filled in is kept: sign in, and go on."), "info")
    return _see_other(url_for("security.login", next=url_for("auth.go_on")))


def load() -> KeptForm | None:
    """Return the form that this browser has waiting."""
    name = session.get(SESSION_KEY)
    text = current_app.extensions["yurt_redis"].get(_key(name)) if name else None
    if text is None:
        return None
    form: dict[str, Any] = json.loads(text)
    return KeptForm(**{**form, "fields": [(key, value) for key, value in form["fields"]]})


def forget() -> None:
    """Forget the form that waits, once it has been sent."""
    name = session.get(SESSION_KEY)
    if name and request.method == "POST" and request.form.get("kept") == name:
        session.pop(SESSION_KEY)
        current_app.extensions["yurt_redis"].delete(_key(name))


def _is_form() -> bool:
    is_form = request.mimetype in ("application/x-www-form-urlencoded", "multipart/form-data")
    return request.method == "POST" and request.endpoint is not None and is_form and hosts.own_page() is True


def _read() -> KeptForm:
    names = dict.fromkeys(name for name in request.form if name not in NEVER_KEPT)
    hidden = [name for name in names if "password" in name]
    fields = [(name, value) for name in names if name not in hidden for value in request.form.getlist(name)]
    return KeptForm(
        address=request.full_path if request.query_string else request.path,
        endpoint=request.endpoint or "",
        person=request.form.get(PERSON, "")[:20],
        fields=fields,
        secrets=hidden,
    )


def _store(form: KeptForm) -> None:
    text = json.dumps(vars(form))
    if len(text) > MOST_CHARACTERS:
        raise ValueError("too large")
    name = secrets.token_urlsafe(16)
    current_app.extensions["yurt_redis"].set(_key(name), text, ex=KEEP_S)
    session[SESSION_KEY] = name


def _key(name: str) -> str:
    return f"yurt:form:{name}"


def _see_other(address: str) -> Response:
    response = redirect(address, 303)
    assert isinstance(response, Response)
    return response
