"""What Sentry is told: each exception that is logged as an error, with where it happened and without personal data.

It is the last step of the log, so that whatever any process logs arrives, a library's errors too. A line says `report`
to send an exception whose stack needn't stand in the log. SDK integrations are off: they would add addresses, headers,
command lines and variables.
"""

import re
import threading
import time
import tomllib
from pathlib import Path
from types import TracebackType
from typing import Any

import sentry_sdk
from sentry_sdk.integrations.atexit import AtexitIntegration
from sentry_sdk.types import Event, Hint
from structlog.typing import EventDict

from config import ROOT, Settings

LEVELS = {"error": "error", "critical": "fatal", "warning": "warning"}
# While an engine is away every request fails alike.
A_MINUTE = 5
LONGEST_VALUE = 300
# Code that every query or log line passes through says nothing about where something happened.
PASSED_THROUGH = ("database/", "telemetry.py", "reporting.py", "blueprints/errors.py", "blueprints/endings.py")
TAGS = ("process", "request_id", "route", "tick", "method")
# What people wrote or are called by stands in quotes in most messages; addresses, tokens and numbers of theirs don't.
PERSONAL = re.compile(
    r"'[^']*'|\"[^\"]*\"|[^\s@(<]+@[^\s@)>,;]+|\b\d{1,3}(?:\.\d{1,3}){3}\b|\b[0-9A-Fa-f:]*:[0-9A-Fa-f:]*:[0-9A-Fa-f:]+"
    r"|\b[A-Za-z0-9_-]{24,}\b|\b\d{5,}\b|(?<=[\s=(])/[^\s)]+"
)


class Flood:
    """Lets a few reports of a kind pass each minute."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, ...], tuple[float, int]] = {}

    def lets(self, kind: tuple[str, ...]) -> bool:
        """Say whether a report of this kind passes now."""
        now = time.monotonic()
        with self._lock:
            since, number = self._seen.get(kind, (now, 0))
            if now - since >= 60:
                since, number = now, 0
            self._seen[kind] = since, number + 1
        return number < A_MINUTE


_flood = Flood()


def init(settings: Settings) -> None:
    """Send reports to the project of SENTRY_DSN; without one nothing is sent."""
    if not settings.sentry_dsn:
        return
    sentry_sdk.init(
        settings.sentry_dsn,
        release=release(settings),
        default_integrations=False,
        integrations=[AtexitIntegration(callback=lambda _pending, _timeout: None)],
        auto_session_tracking=False,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        in_app_include=[path.stem for path in ROOT.glob("*.py")]
        + ["blueprints", "cli", "database", "gateway", "migrations", "models", "scheduler", "services"],
        project_root=str(ROOT),
        before_send=_without_people,
        # What every receiver reads, whichever libraries are installed here.
        _experiments={"transport_compression_algo": "gzip"},  # type: ignore[typeddict-item]  # read as its value
    )


def release(settings: Settings) -> str:
    """Return which Yurt this is."""
    if settings.release:
        return settings.release
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    return f"yurt@{version}"


def step(_logger: Any, _name: str, entry: EventDict) -> EventDict:
    """Report the error of a log line, and return the line for the steps that follow."""
    error = entry.pop("report", None)
    part = entry.pop("part", None)
    level = str(entry.get("level", ""))
    if not sentry_sdk.get_client().is_active() or level not in LEVELS:
        return entry
    if error is None and level != "warning":
        error = _exception(entry.get("exc_info"))
    if error is not None:
        _send(error, part, level, entry)
    elif level != "warning":
        _send(None, part, level, entry)
    return entry


def _send(error: BaseException | None, part: str | None, level: str, entry: EventDict) -> None:
    what = _plain(str(entry.get("event", "")))
    if part is not None:
        # An engine that is away is one trouble, wherever it is noticed.
        kind = ("unavailable", part)
    elif error is not None:
        kind = (type(error).__name__, place(error.__traceback__))
    else:
        kind = (str(entry.get("logger", "")), what)
    if not _flood.lets(kind):
        return
    with sentry_sdk.new_scope() as scope:
        scope.fingerprint = list(kind)
        scope.set_level(LEVELS[level])  # type: ignore[arg-type]  # it is one of their words
        for name in TAGS:
            if entry.get(name):
                scope.set_tag(name, str(entry[name]))
        scope.set_tag("event", what)
        scope.set_transaction_name(str(entry.get("route") or entry.get("tick") or entry.get("process") or ""))
        if error is not None:
            scope.capture_event(*sentry_sdk.utils.event_from_exception(error, sentry_sdk.get_client().options))
        else:
            scope.capture_message(what)


def place(trace: TracebackType | None) -> str:
    """Return the innermost function of ours in which it happened; the innermost of all where none is ours."""
    own_place = last = ""
    while trace is not None:
        code = trace.tb_frame.f_code
        last = f"{Path(code.co_filename).name}:{code.co_name}"
        path = Path(code.co_filename)
        if path.is_relative_to(ROOT) and "site-packages" not in path.parts:
            own = str(path.relative_to(ROOT))
            if not own.startswith(PASSED_THROUGH):
                own_place = f"{own}:{code.co_name}"
        trace = trace.tb_next
    return own_place or last


def _exception(exc_info: Any) -> BaseException | None:
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple) and len(exc_info) == 3:
        return exc_info[1] if isinstance(exc_info[1], BaseException) else None
    return None


def _without_people(event: Event, _hint: Hint) -> Event:
    for value in (event.get("exception") or {}).get("values", []):
        value["value"] = _plain(str(value.get("value") or ""))
    for name in ("user", "request", "server_name", "extra", "breadcrumbs"):
        event.pop(name, None)  # type: ignore[misc]  # these may all be missing
    return event


def _plain(text: str) -> str:
    """Return the first line without what may be somebody's: SQLAlchemy puts statement and values below it."""
    return PERSONAL.sub("…", text.strip().split("\n")[0])[:LONGEST_VALUE]
