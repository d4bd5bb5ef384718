"""Failures after the view: in the teardown of a request, and in a body that is made while it is sent.

Flask's own handlers see earlier failures. Here the answer is held until its first piece is made, so that the one table
of errors may still replace it. A later failure is logged and the connection cut, so that nobody takes a part for the
whole. Which status an error gets is decided elsewhere.
"""

import html
import json
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import structlog
from flask import Flask, Response, g

from telemetry import ID, request_id

Environ = dict[str, Any]
Start = Callable[..., Any]

log = structlog.get_logger("yurt.errors")


def init_app(app: Flask) -> None:
    """Stand directly around the application."""
    app.wsgi_app = Endings(app, app.wsgi_app)  # type: ignore[method-assign]  # the documented way to wrap


class Endings:
    """WSGI: every failure gets an error page or document of ours."""

    def __init__(self, app: Flask, inner: Callable[[Environ, Start], Iterable[bytes]]) -> None:
        self._app, self._inner = app, inner

    def __call__(self, environ: Environ, start_response: Start) -> Iterable[bytes]:
        """Answer the request."""
        started: list[Any] = []

        def hold(status: str, headers: list[tuple[str, str]], *_exc_info: Any) -> Callable[[bytes], None]:
            started[:] = status, headers
            return _write_nothing

        try:
            body = self._inner(environ, hold)
            if isinstance(body, environ.get("wsgi.file_wrapper") or ()):
                # The server sends the file by itself.
                start_response(*started)
                return body  # type: ignore[no-any-return]  # what the server made
            rest = iter(body)
            first = next(rest, b"")
        except Exception as error:  # noqa: BLE001  # the table tells them apart
            return self._failed(environ, start_response, error)
        status, headers = started
        if not any(name.lower() == "x-request-id" for name, _value in headers):
            # A hook that failed kept the next ones from running.
            headers = [*headers, ("X-Request-ID", environ.setdefault(ID, request_id("")))]
        start_response(status, headers)
        return Sent(environ, body, first, rest)

    def _failed(self, environ: Environ, start_response: Start, error: Exception) -> Iterable[bytes]:
        environ.setdefault(ID, request_id(""))
        made = last_words(environ)
        try:
            with self._app.request_context(environ):
                g.request_id, g.began = environ[ID], time.perf_counter()
                made = self._app.finalize_request(self._app.handle_user_exception(error), from_error_handler=True)
                made.headers["X-Request-ID"] = environ[ID]
                # Read here, while there is a context.
                made.get_data()
        except Exception as second:
            # The teardown may fail again: the answer is made nevertheless.
            log.error("failed again", exc_info=second, request_id=environ[ID])
        return made(environ, start_response)


class Sent:
    """The body as the server reads it. What fails in it is logged with the request's ID."""

    def __init__(self, environ: Environ, body: Iterable[bytes], first: bytes, rest: Iterator[bytes]) -> None:
        self._environ, self._body, self._first, self._rest = environ, body, first, rest

    def __iter__(self) -> Iterator[bytes]:
        """Yield the pieces."""
        yield self._first
        try:
            yield from self._rest
        except Exception as error:
            log.error("answer broke off", exc_info=error, request_id=self._environ.get(ID))
            raise

    def close(self) -> None:
        """Close the body. All of the answer is sent by then, so a failure is only logged."""
        try:
            if hasattr(self._body, "close"):
                self._body.close()
        except Exception as error:
            log.error("answer not closed", exc_info=error, request_id=self._environ.get(ID))


def last_words(environ: Environ) -> Response:
    """Build an error answer without the application."""
    detail, number = "Something went wrong on our side. It has been logged.", environ[ID]
    if environ.get("PATH_INFO", "").startswith("/api/") or "json" in environ.get("HTTP_ACCEPT", ""):
        problem = {"type": "about:blank", "title": "Our mistake", "status": 500, "detail": detail, "request_id": number}
        made = Response(json.dumps(problem), 500, mimetype="application/problem+json")
    else:
        made = Response(plain_page("Our mistake", detail, number), 500, mimetype="text/html")
    made.headers["X-Request-ID"] = number
    made.headers["Cache-Control"] = "no-store"
    return made


def plain_page(title: str, detail: str, number: str) -> str:
    """Write an error page for when the usual one fails, too: without template, style or account."""
    title, detail, number = html.escape(title), html.escape(detail), html.escape(number)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f'<title>{title}</title><h1>{title}</h1><p>{detail}</p><p><a href="/">/</a></p>'
        f"<p>Request <code>{number}</code></p></html>"
    )


def _write_nothing(_data: bytes) -> None:
    raise RuntimeError("answers are iterables here")
