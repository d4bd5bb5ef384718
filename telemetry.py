"""What operators see: request IDs, logs and metrics of requests. It decides nothing."""

import logging
import re
import sys
import threading
import time
import uuid
from types import TracebackType
from typing import Any

import structlog
from flask import Flask, Response, g, has_request_context, request
from prometheus_client import Counter, Histogram
from structlog.typing import EventDict

import reporting
from config import Settings
from database import troubles
from route_names import route_name

SELDOM_S = 60.0
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,100}")
# Asked so often, by machines, that nobody reads of it.
QUIET = ("static", "health.healthz", "health.readyz", "health.metrics")
# Where a request's environ has its ID.
ID = "yurt.request_id"

REQUESTS = Counter("yurt_http_requests_total", "Requests, by route, method and status.", ["route", "method", "status"])
LATENCY = Histogram(
    "yurt_http_request_seconds",
    "Time to answer a request, by route.",
    ["route"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)

log = structlog.get_logger("yurt")


def configure_logging(settings: Settings, process: str) -> None:
    """Send every log line, the libraries' too, through structlog: JSON, or readable on a terminal."""
    is_readable = settings.log_format == "console" or (settings.log_format == "auto" and sys.stderr.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _named(process),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    ending: list[Any] = (
        [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
        if is_readable
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[_whole, reporting.step, structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ending],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level)
    for noisy in ("waitress.queue", "aiohttp.access", "alembic", "flask-limiter"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    logging.captureWarnings(True)
    sys.excepthook = _ended if process == "command" else _uncaught
    threading.excepthook = lambda args: _uncaught(args.exc_type, args.exc_value, args.exc_traceback)
    # Without Redis it has a stack to tell of each request.
    logging.getLogger("flask-limiter").filters = [Seldom()]
    reporting.init(settings)


def _ended(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    """Log what ended a command: in a line if its operator can mend it."""
    if line := troubles.line_of(error):
        log.critical(line)
    else:
        _uncaught(kind, error, trace)


def _uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    """Put what nobody caught into the log, in its form."""
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error or kind(), trace)
        return
    log.critical("uncaught exception", exc_info=(kind, error, trace))


class Seldom(logging.Filter):
    """Lets one line a minute pass."""

    def __init__(self) -> None:
        super().__init__()
        self._next = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether the line passes."""
        if time.monotonic() < self._next:
            return False
        self._next = time.monotonic() + SELDOM_S
        return True


def _named(process: str) -> Any:
    def add(_logger: Any, _name: str, entry: dict[str, Any]) -> dict[str, Any]:
        entry["process"] = process
        if has_request_context():
            entry.setdefault("request_id", g.get("request_id") or request.environ.get(ID))
        return entry

    return add


def _whole(_logger: Any, _name: str, entry: EventDict) -> EventDict:
    """Put the exception itself into a line that says only that there is one, and the route that failed beside it."""
    if entry.get("exc_info") is True:
        entry["exc_info"] = sys.exc_info()
    if has_request_context() and (entry.get("exc_info") or "report" in entry):
        entry.setdefault("route", route_name())
        entry.setdefault("method", request.method)
    return entry


def request_id(given: str) -> str:
    """Return the ID that a trusted door gave a request, or a new one."""
    return given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def init_app(app: Flask) -> None:
    """Time and name every request, and say what happened to it."""

    @app.before_request
    def begin() -> None:
        given = request.headers.get("X-Request-ID", "") if app.extensions["yurt"].trusted_proxies else ""
        g.request_id = request_id(given)
        # For what fails when the request's context is gone.
        request.environ[ID] = g.request_id
        g.began = time.perf_counter()

    @app.after_request
    def end(response: Response) -> Response:
        if "request_id" not in g:  # the request failed before it began
            return response
        route = route_name()
        took = time.perf_counter() - g.began
        response.headers["X-Request-ID"] = g.request_id
        note(route, request.method, request.path, response.status_code, took, g.request_id)
        return response


def note(route: str, method: str, path: str, status: int, took: float, number: str, **further: Any) -> None:
    """Count an answer that took `took` seconds, and log it by its request's ID."""
    REQUESTS.labels(route, method, status).inc()
    LATENCY.labels(route).observe(took)
    if route not in QUIET:
        ms = round(took * 1000, 1)
        log.info("request", method=method, path=path, route=route, status=status, ms=ms, request_id=number, **further)
