"""What operators see: request IDs, logs and metrics of requests. It decides nothing."""

import contextlib
import functools
import json
import logging
import re
import sys
import threading
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
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
# Who writes the lines of requests, where the log is JSON.
_quick: "QuickLines | None" = None


@dataclass(frozen=True)
class Noted:
    """An answer that took `took` seconds, for the figures and for the log."""

    route: str
    method: str
    path: str
    status: int
    took: float
    request_id: str
    further: dict[str, Any] = field(default_factory=dict)

    def entry(self) -> dict[str, Any]:
        """Return what the log says of it."""
        return {
            "method": self.method,
            "path": self.path,
            "route": self.route,
            "status": self.status,
            "ms": round(self.took * 1000, 1),
            "request_id": self.request_id,
            **self.further,
        }


def configure_logging(settings: Settings, process: str) -> None:
    """Send every log line, the libraries' too, through structlog: JSON, or readable on a terminal."""
    global _quick
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
    _quick = None if is_readable else QuickLines(handler, process)
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


class QuickLines:
    """Writes the lines of requests as structlog would, in a tenth of its time: there is one for every request.

    They are of one form, and of level info, so that nothing of the chain above changes them but the fields below.
    """

    def __init__(self, handler: "logging.StreamHandler[Any]", process: str) -> None:
        self._handler, self._process = handler, process
        self._root, self._logger = logging.getLogger(), logging.getLogger("yurt")

    @property
    def is_all(self) -> bool:
        """Whether the handler is the only one that such a line would come to."""
        handlers = self._root.handlers
        return len(handlers) == 1 and handlers[0] is self._handler and self._logger.isEnabledFor(logging.INFO)

    def write(self, entries: Iterable[dict[str, Any]]) -> None:
        """Write a line for each entry, all at once."""
        now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        rest = {"event": "request", "logger": "yurt", "level": "info", "timestamp": now, "process": self._process}
        text = "".join(json.dumps({**entry, **rest}) + "\n" for entry in entries)
        self._handler.acquire()
        try:
            # Who reads the log may be gone; people get their answers all the same.
            with contextlib.suppress(OSError, ValueError):
                self._handler.stream.write(text)
                self._handler.flush()
        finally:
            self._handler.release()


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


def note(route: str, method: str, path: str, status: int, took: float, number: str) -> None:
    """Count an answer that took `took` seconds, and log it by its request's ID."""
    note_all([Noted(route, method, path, status, took, number)])


def note_all(answers: Iterable[Noted]) -> None:
    """Count answers, and log them."""
    entries = []
    for each in answers:
        requests, latency = _figures(each.route, each.method, each.status)
        requests.inc()
        latency.observe(each.took)
        if each.route not in QUIET:
            entries.append(each.entry())
    if not entries:
        return
    if _quick is not None and _quick.is_all:
        _quick.write(entries)
    else:
        for entry in entries:
            log.info("request", **entry)


@functools.cache
def _figures(route: str, method: str, status: int) -> tuple[Counter, Histogram]:
    """Return the figures that count such answers: looking them up costs more than counting."""
    return REQUESTS.labels(route, method, status), LATENCY.labels(route)
