"""`Idempotency-Key`: a program that lost the answer to a POST sends it again, and gets what it would have got."""

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

from flask import g, request

from blueprints import openapi
from blueprints.bearer import me
from blueprints.pages import now
from extensions import db
from services.accounts import repeats

Parameters = ParamSpec("Parameters")
Answer = tuple[dict[str, Any], int, dict[str, str]]


def repeatable(view: Callable[Parameters, Any]) -> Callable[Parameters, Any]:
    """Answer a request with a key once; the view ends with `commit`."""
    openapi.takes_header(
        view.__name__, repeats.FIELD, "The same key with the same request: the same answer, for a day."
    )

    @wraps(view)
    def once(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Any:
        key = request.headers.get(repeats.FIELD)
        if key is None:
            return view(*args, **kwargs)
        said = b"\0".join((request.method.encode(), request.full_path.encode(), request.get_data()))
        before = repeats.take(me().id, key, hashlib.sha256(said).hexdigest(), now=now())
        if before is not None and before.status is not None:
            return before.body, before.status, before.headers
        g.taken_key = key
        return view(*args, **kwargs)

    return once


def commit(body: dict[str, Any], status: int, headers: dict[str, str]) -> Answer:
    """Commit what was done, and its answer with it; the body is as JSON has it."""
    if "taken_key" in g:
        repeats.answer(me().id, g.taken_key, status, body, headers)
    db.session.commit()
    return body, status, headers
