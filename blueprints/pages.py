"""What every page shares: language and time zone, security headers, CSRF, and template filters."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from flask import Flask, Response, abort, current_app, g, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from flask_security import auth_required

from blueprints import compiled, hosts, kept_forms, scripts, shown
from config import HSTS, ROOT, Settings
from models import Course, User, utcnow
from services.errors import InvalidInput, Unavailable

# Whose page a script's request comes from (static/js/send.js).
PERSON_HEADER = "X-Yurt-Person"
STRICT = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
# What no page of ours asks for, so that nothing in it can.
PERMISSIONS = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer",
        "browsing-topics",
        "camera",
        "display-capture",
        "geolocation",
        "gyroscope",
        "magnetometer",
        "microphone",
        "midi",
        "payment",
        "serial",
        "usb",
    )
)
# Pages and files that need no sign-in work without Redis; so does the API, which has its own tokens.
WITHOUT_SESSION = (
    "static",
    "question_types.asset",
    "pictures.picture",
    "health.healthz",
    "health.readyz",
    "health.metrics",
)

View = TypeVar("View", bound=Callable[..., Any])

login_required: Callable[[Any], Any] = auth_required("session")


def init_app(app: Flask, settings: Settings) -> None:
    """Wire what every page shares."""
    app.before_request(_require_sessions)
    app.before_request(_protect_person)
    app.before_request(_protect_forms)
    app.before_request(_take_forms_only)
    app.after_request(_headers)
    if settings.is_https:
        app.after_request(_only_over_tls)
    if settings.cors_origins:
        app.after_request(_vary_by_origin)
    site = {"name": settings.site_name, "is_open": settings.registration == "open"}
    app.context_processor(lambda: {"site": site, "request_id": g.get("request_id", "")})
    app.jinja_env.globals["form_person"] = kept_forms.form_person
    shown.init_app(app)
    scripts.init_app(app)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    compiled.init_app(app)
    app.url_defaults(_version_static)


def _require_sessions() -> None:
    is_api = request.path.startswith("/api/")
    if request.environ.get("yurt.sessions_gone") and request.endpoint not in WITHOUT_SESSION and not is_api:
        raise Unavailable(_("Sign-in isn't possible at the moment. What you saved is safe; please try again soon."))


def _protect_person() -> None:
    """Refuse what a page sends that was made for another person than the one signed in now."""
    meant = request.headers.get(PERSON_HEADER)
    if meant is None or request.path.startswith("/api/"):
        return
    user = person()
    if user is None or meant != str(user.id):
        abort(401)


def _protect_forms() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    if not request.path.startswith("/api/") and not getattr(view, "is_from_elsewhere", False):
        hosts.protect_forms()
        kept_forms.forget()


def _take_forms_only() -> None:
    """Refuse JSON where a form is expected: the libraries behind forms would read it, and fail on what it holds."""
    if request.path.startswith("/api/") or not request.is_json or request.method in ("GET", "HEAD", "OPTIONS"):
        return
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None or getattr(view, "takes_json", False) or not request.get_data(cache=True):
        return
    raise InvalidInput("body", _("Send this as a form, not as JSON."))


def takes_json(view: View) -> View:
    """Mark a view that a page's script sends JSON; it reads it with `json_object`."""
    view.takes_json = True  # type: ignore[attr-defined]  # a function has room for it
    return view


def from_elsewhere(view: View) -> View:
    """Mark a view whose forms pages of other sites send: it has no session, and what is sent proves itself."""
    view.is_from_elsewhere = True  # type: ignore[attr-defined]  # a function has room for it
    return view


def json_object() -> dict[str, Any]:
    """Return the JSON object that a page's script sent, or an empty one where it sent nothing."""
    if not request.get_data(cache=True):
        return {}
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise InvalidInput("body", _("Send a JSON object."))
    return body


def _headers(response: Response) -> Response:
    policy_of_page = dict(STRICT)
    if g.get("csp_inline_style"):
        policy_of_page["style-src"] += " 'unsafe-inline'"
    if frames := g.get("csp_frames"):
        policy_of_page["frame-src"] = frames
    if ancestors := g.get("frame_ancestors"):
        policy_of_page["frame-ancestors"] = ancestors
    if action := g.get("form_action"):
        policy_of_page["form-action"] = action
    value = "; ".join(f"{name} {sources}" for name, sources in policy_of_page.items())
    response.headers.setdefault("Content-Security-Policy", value)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    response.headers.setdefault("Permissions-Policy", PERMISSIONS)
    if response.mimetype == "text/html":
        response.headers.setdefault("Cache-Control", "private, no-store")
    return response


def _only_over_tls(response: Response) -> Response:
    response.headers.setdefault("Strict-Transport-Security", HSTS)
    return response


def _vary_by_origin(response: Response) -> Response:
    # Flask-CORS leaves it out where one origin is allowed, and where another one asks: a cache would mix them up.
    if request.path.startswith("/api/v1/") and "origin" not in response.vary:
        response.vary.add("Origin")
    return response


def person() -> User | None:
    """Return who is signed in."""
    user = current_user._get_current_object()
    return user if user.is_authenticated else None


def me() -> User:
    """Return who is signed in, on a route that demands it."""
    user = person()
    if user is None:
        abort(401)
    return user


def activity_url(course: Course, entry: Any) -> str:
    """Return the page of an activity."""
    endpoint, name = {
        "lesson": ("courses.lesson", "lesson"),
        "quiz": ("quizzes.show", "quiz"),
        "lab": ("labs.show", "lab"),
    }[entry.kind]
    return url_for(endpoint, slug=course.slug, **{name: entry.slug})


def outline_context(course: Course, outline: Any) -> list[dict[str, Any]]:
    """Give the outline as the templates draw it, the same for everybody."""
    return [
        {
            "module": section,
            "activities": [
                {
                    "activity": entry,
                    "url": activity_url(course, entry),
                    "detail": _detail(entry),
                }
                for entry in section.activities
            ],
        }
        for section in outline.sections
    ]


def _detail(entry: Any) -> str:
    if entry.kind == "quiz":
        return ngettext("%(num)d question", "%(num)d questions", entry.count)
    if entry.kind == "lab":
        return ngettext("%(num)d check", "%(num)d checks", entry.count)
    return ngettext("%(num)d minute", "%(num)d minutes", entry.minutes) if entry.minutes else ""


def link(course: Course, entry: Any) -> dict[str, str] | None:
    """Give an activity as a title and an address."""
    return {"title": entry.title, "url": activity_url(course, entry)} if entry else None


def now() -> datetime:
    """Return the time that a request acts at."""
    return utcnow()


def _version_static(endpoint: str, values: dict[str, Any]) -> None:
    # Modules import each other by path alone: one that a page asked for with a version would be loaded, and run, twice.
    # They are asked for anew each time (304 where nothing changed).
    is_module = values.get("filename", "").startswith("js/")
    if endpoint == "static" and "filename" in values and not is_module:
        values.setdefault("v", _digest(values["filename"]))


@lru_cache(maxsize=512)
def _digest(filename: str) -> str:
    path = ROOT / "static" / Path(filename)
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10] if path.is_file() else "0"
