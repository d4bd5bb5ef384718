"""The one table from exception to status, and how an error is told: a page, or problem+json (RFC 9457)."""

from typing import Any

import flask_babel
import structlog
from apiflask.exceptions import HTTPError
from flask import Flask, Response, abort, current_app, g, jsonify, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from passlib.exc import PasswordSizeError
from redis import RedisError
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from blueprints import faults, kept_forms
from blueprints.endings import plain_page
from body_time import LATE
from extensions import db
from reasons import sentence
from services import errors as service
from services.archive import ArchiveError
from services.archive.given import field_of

STATUS: dict[type[Exception], int] = {
    service.InvalidInput: 422,
    service.NotFound: 404,
    service.Forbidden: 403,
    service.Conflict: 409,
    service.LimitReached: 429,
    service.Unavailable: 503,
}
RETRY_AFTER_S = 5
# What PostgreSQL says when it can't serve now: shutting down, too many connections, statement or lock time-out.
TRANSIENT = ("57", "53", "08", "55P03", "40001", "40P01")

log = structlog.get_logger("yurt.errors")


def wants_json() -> bool:
    """Whether the request came from a program: the API, or a script of a page that sends or asks for JSON."""
    return (
        request.path.startswith("/api/")
        or request.is_json
        or request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"
    )


def init_app(app: Flask) -> None:
    """Handle every exception that a route may raise."""
    app.register_error_handler(service.ServiceError, on_service_error)
    app.register_error_handler(ArchiveError, on_archive)
    app.register_error_handler(CSRFError, on_csrf)
    app.register_error_handler(HTTPException, on_http)
    app.register_error_handler(HTTPError, on_api_error)
    app.register_error_handler(PasswordSizeError, on_password_size)
    app.register_error_handler(PoolTimeout, on_pool_exhausted)
    app.register_error_handler(DBAPIError, on_database)
    app.register_error_handler(RedisError, on_redis)
    app.register_error_handler(Exception, on_unexpected)
    app.before_request(refuse_late)


def refuse_late() -> None:
    """Refuse a request whose body didn't arrive in time; the worker has given it up."""
    if LATE in request.environ:
        abort(408)


def on_service_error(error: service.ServiceError) -> tuple[Response, int]:
    """Answer what a service refused."""
    status = next(code for kind, code in STATUS.items() if isinstance(error, kind))
    extra: dict[str, Any] = {}
    if isinstance(error, service.InvalidInput):
        extra["errors"] = [faults.document(each) for each in error.each()]
    message = faults.words(error) if isinstance(error, service.InvalidInput) else error.message
    if isinstance(error, service.Refused):
        message = sentence(error.reason, flask_babel)
        extra["reason"] = {**error.reason.as_json(), "text": message}
        extra["possible_at"] = error.possible_at.isoformat() if error.possible_at else None
    if isinstance(error, service.LimitReached | service.Forbidden) and error.reason is not None:
        message = sentence(error.reason, flask_babel)
        extra["reason"] = {**error.reason.as_json(), "text": message}
    return answer(status, message, retry_after_s=getattr(error, "retry_after_s", None), **extra)


def on_archive(error: ArchiveError) -> tuple[Response, int]:
    """Answer what was sent for a part of a course, and can't be that: each fault is named by its field."""
    faults_there = [{"field": field_of(fault), "message": fault.message} for fault in error.faults]
    return answer(422, _("Some values can't be used."), errors=faults_there)


def on_csrf(error: CSRFError) -> tuple[Response, int] | Response:
    """Answer a form that is too old, or isn't ours; one of our own pages goes on after a look."""
    if not wants_json() and (going_on := kept_forms.keep()) is not None:
        return going_on
    return answer(400, _("This form is out of date. Go back, reload the page and send it again."), code="csrf")


def on_http(error: HTTPException) -> tuple[Response, int] | HTTPException | Response:
    """Answer what Werkzeug, or an extension, refused."""
    if original := getattr(error, "original_exception", None):  # raised after the view: by a hook, or a session's end
        return current_app.handle_user_exception(original)  # type: ignore[return-value]  # one of ours
    if error.code is None or error.code < 400:
        return error
    if error.code == 429:
        return answer(429, _("Too many tries. Wait a minute, then try again."), retry_after_s=60)
    made, status = answer(error.code, message_of(error.code) or error.description or "")
    for name, value in error.get_headers():
        if name in ("Allow", "WWW-Authenticate"):
            made.headers[name] = value
    return made, status


def on_api_error(error: HTTPError) -> tuple[Response, int]:
    """Answer what APIFlask refused; a value that fails its schema is named by its field."""
    if error.status_code == 422:
        return answer(422, _("Some values can't be used."), errors=list(_faults(error.detail)))
    made, status = answer(error.status_code, message_of(error.status_code) or error.message or "")
    made.headers.update(error.headers)
    return made, status


def _faults(detail: Any, path: str = "") -> Any:
    if isinstance(detail, dict):
        for name, inner in detail.items():
            # The first level names the place (json, query), which the sender knows.
            yield from _faults(inner, f"{path}.{name}" if path else (name if _is_field(name) else ""))
    elif isinstance(detail, list):
        for inner in detail:
            if isinstance(inner, dict):
                place = ".".join(str(part) for part in inner.get("loc", ()))
                yield {"field": place or path, "message": str(inner.get("msg", ""))}
            else:
                # A fault of the whole body has no field of its own.
                yield {"field": "body" if path == "_schema" else path, "message": str(inner)}


def _is_field(name: Any) -> bool:
    return name not in ("json", "query", "path", "form", "headers", "json_or_form", "files")


def on_password_size(error: PasswordSizeError) -> tuple[Response, int]:
    """Answer a password that is longer than any hash takes, on whichever form it was sent."""
    message = _("A password can't have more than %(most)d bytes.", most=error.max_size)
    return answer(422, message, errors=[{"field": "password", "message": message}])


def on_pool_exhausted(error: PoolTimeout) -> tuple[Response, int]:
    """Answer when every connection is taken: soon there will be one."""
    log.warning("pool exhausted", report=error, part="database pool")
    return answer(503, _("The site is very busy. Please try again in a moment."), retry_after_s=RETRY_AFTER_S)


def on_database(error: DBAPIError) -> tuple[Response, int]:
    """Answer when PostgreSQL can't: 503 for what will pass, 500 for what is our fault."""
    _take_back()
    if isinstance(error, DataError):  # a number or a text that no column can hold, from the address or the body
        return answer(404 if request.method == "GET" else 422, _("That value can't exist here."))
    if isinstance(error, IntegrityError):  # two requests at once, and a constraint that lets one through
        log.warning("constraint", error=type(error.orig).__name__)
        return answer(409, _("Somebody was faster. Please send it again."))
    code = getattr(error.orig, "pgcode", None)
    is_transient = isinstance(error, OperationalError | InterfaceError) or (code or "").startswith(TRANSIENT)
    if is_transient or error.connection_invalidated:
        name = type(error.orig).__name__
        log.warning("database unavailable", error=name, pgcode=code, report=error, part="postgresql")
        return answer(503, _("The database doesn't answer. Please try again."), retry_after_s=RETRY_AFTER_S)
    return on_unexpected(error)


def on_redis(error: RedisError) -> tuple[Response, int]:
    """Answer when Redis is gone in the middle of a request."""
    log.warning("redis unavailable", error=type(error).__name__, report=error, part="redis")
    return answer(503, _("Sign-in isn't possible at the moment. Please try again."), retry_after_s=RETRY_AFTER_S)


def on_unexpected(error: Exception) -> tuple[Response, int]:
    """Answer our own mistakes: log them whole, show a request ID."""
    _take_back()
    log.error("unexpected", exc_info=error, path=request.path)
    return answer(500, message_of(500))


def _take_back() -> None:
    """Roll the transaction back; a connection that can't even do that is thrown away."""
    try:
        db.session.rollback()
    except SQLAlchemyError:
        db.session().invalidate()


def message_of(status: int) -> str:
    """Return what a person is told about `status`, or an empty text."""
    return {
        400: _("That request can't be understood."),
        401: _("Please sign in first."),
        403: _("You may not do this."),
        404: _("There is no such page, or it isn't for you."),
        405: _("This address doesn't take that kind of request."),
        408: _("The request took too long to arrive."),
        413: _("That is too large: 1 MB at most, 10 MB for files."),
        421: _("This site has another address: %(url)s", url=current_app.extensions["yurt"].public_url),
        415: _("Send this as application/json."),
        500: _("Something went wrong on our side. It has been logged."),
    }.get(status, "")


def title_of(status: int) -> str:
    """Return the headline for `status`."""
    return {
        401: _("Sign in"),
        403: _("Not for you"),
        404: _("Not found"),
        408: _("Too slow"),
        409: _("Not possible now"),
        410: _("Over"),
        413: _("Too large"),
        421: _("Not the address"),
        422: _("Not quite"),
        428: _("Say what you saw"),
        429: _("One moment"),
        500: _("Our mistake"),
        503: _("Back in a moment"),
    }.get(status, _("That didn't work"))


def answer(status: int, detail: str, *, retry_after_s: int | None = None, **extra: Any) -> tuple[Response, int]:
    """Build the error as the asker reads it."""
    request_id = g.get("request_id", "")
    if wants_json():
        body = {"type": "about:blank", "title": title_of(status), "status": status, "detail": detail}
        response = jsonify({**body, "request_id": request_id, **extra})
        response.mimetype = "application/problem+json"
    else:
        # Reloading what a form was sent to would ask for a page that isn't there.
        retry_after = retry_after_s if request.method == "GET" else None
        response = Response(_page(status, detail, retry_after, request_id), mimetype="text/html")
    if retry_after_s is not None:
        response.headers["Retry-After"] = str(retry_after_s)
    return response, status


def _page(status: int, detail: str, retry_after_s: int | None, request_id: str) -> str:
    """Write the error's page; if that fails, a plain one with the same words."""
    reader = _reader(status)
    try:
        return render_template(
            "errors/page.html",
            status=status,
            title=title_of(status),
            message=detail,
            request_id=request_id,
            retry_after=retry_after_s,
            reader=reader,
            is_bare=status >= 500 or status == 421,
            theme=reader.theme if reader else "system",
            course_url=_course_url(status),
            home_url=current_app.extensions["yurt"].public_url if status == 421 else "/",
        )
    except Exception as error:
        log.error("no page for an error", exc_info=error, status=status)
        return plain_page(title_of(status), detail, request_id)


def _reader(status: int) -> Any:
    """Return who reads the page; nobody where that can't be known.

    Who asks is read from Redis and PostgreSQL, which may be what has failed: then nothing asks them again.
    """
    if status < 500 and status != 421:
        try:
            return current_user if current_user.is_authenticated else None
        except (SQLAlchemyError, RedisError) as error:
            log.warning("nobody knows who reads an error", error=type(error).__name__)
            _take_back()
    g._login_user = current_app.login_manager.anonymous_user()  # type: ignore[attr-defined]  # Flask-Login's place
    return None


def _course_url(status: int) -> str | None:
    """Give the way out of what one may not do in a course, or not now: its page, where one also enrols."""
    slug = (request.view_args or {}).get("slug")
    return url_for("courses.show", slug=slug) if status in (403, 409) and slug else None
