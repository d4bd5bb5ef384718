"""What operators see of each statement: how long it took, by route, and whether PostgreSQL ended it."""

import time
from typing import Any

import structlog
from prometheus_client import Counter, Histogram
from sqlalchemy import Engine, event

from route_names import route_name

SLOW_QUERY_S = 1.0
LONGEST_SHOWN = 500
# https://www.postgresql.org/docs/current/errcodes-appendix.html; what an application expects (a constraint) isn't here.
REASONS = {
    "57014": "canceled",
    "55P03": "lock_timeout",
    "40P01": "deadlock",
    "25P03": "idle_in_transaction_timeout",
    "57P01": "shutdown",
    "57P02": "shutdown",
    "57P03": "shutdown",
    "53100": "disk_full",
    "53200": "out_of_memory",
}

SECONDS = Histogram(
    "yurt_db_query_seconds",
    "Time that statements took, by route; those that failed, too.",
    ["route"],
    buckets=(0.001, 0.005, 0.025, 0.1, 0.25, 1, 5, 15),
)
SLOW_QUERIES = Counter("yurt_db_slow_queries_total", "Statements that took more than a second.", ["route"])
ENDED_QUERIES = Counter(
    "yurt_db_ended_queries_total", "Statements that ended without a result, by reason.", ["route", "reason"]
)

log = structlog.get_logger("yurt.database")


def watch_queries(engine: Engine) -> None:
    """Time every statement; log those over a second, and those that were ended, with their route."""

    @event.listens_for(engine, "before_cursor_execute")
    def began(connection: Any, *_rest: Any) -> None:
        connection.info["began"] = time.perf_counter()

    @event.listens_for(engine, "after_cursor_execute")
    def ended(connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        note(statement, _took(connection.info), None)

    @event.listens_for(engine, "handle_error")
    def failed(context: Any) -> None:
        if context.statement is not None and context.connection is not None:
            took = _took(context.connection.info)
            note(context.statement, took, reason_of(context.original_exception, is_lost=context.is_disconnect))


def note(statement: str, took: float, reason: str | None) -> None:
    """Count a statement that took `took` seconds, and say so where an operator should know."""
    route = route_name()
    SECONDS.labels(route).observe(took)
    if took > SLOW_QUERY_S:
        SLOW_QUERIES.labels(route).inc()
    if reason is not None:
        ENDED_QUERIES.labels(route, reason).inc()
    if reason is not None or took > SLOW_QUERY_S:
        what = "slow query" if reason is None else "query ended"
        shown = {} if reason is None else {"reason": reason}
        log.warning(what, route=route, ms=round(took * 1000), statement=statement[:LONGEST_SHOWN], **shown)


def reason_of(error: BaseException, *, is_lost: bool) -> str | None:
    """Return why PostgreSQL ended a statement; None for an error that the statement itself is to blame for."""
    code = getattr(error, "pgcode", None)
    # One code for all who cancel; the words are the server's, in English wherever they weren't translated.
    if code == "57014" and "statement timeout" in str(error):
        return "statement_timeout"
    return REASONS.get(code or "", "connection_lost" if is_lost else None)


def _took(info: dict[str, Any]) -> float:
    now = time.perf_counter()
    return now - float(info.pop("began", now))
