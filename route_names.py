"""What the code that runs now works for: the endpoint of a request, or the name that a thread gave its work.

Log lines, metrics and slow queries name it alike.
"""

import contextvars

from flask import has_request_context, request

# Each thread has its own.
_work = contextvars.ContextVar("work", default="background")


def route_name() -> str:
    """Return the endpoint of the request, or what else the code runs for."""
    return (request.endpoint or "unknown") if has_request_context() else _work.get()


def work_as(name: str) -> None:
    """Name what this thread does from now on: one of few names, for they are labels of metrics."""
    _work.set(name)
