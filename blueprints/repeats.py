"""`Idempotency-Key`: a program that lost the answer to a POST sends it again, and gets what it would have got.

Every POST of the API takes the key: a new one has to do nothing for that. What its view does, the key and the answer
are committed together, when the answer is known; until then the view's own `db.session.commit()` only flushes.
"""

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Flask, Response, current_app, g, jsonify, make_response, request

from blueprints import openapi
from blueprints.pages import now
from extensions import HELD, db
from services.accounts import repeats

# POSTs that only read, because what they ask is long: sent again, they read again.
READING = frozenset({"estimate_generation"})
# What an answer says beside its body.
KEPT_HEADERS = ("ETag", "Location")


def init_app(app: Flask) -> None:
    """Let every POST of the API be sent again. After the routes are there."""
    for rule in app.url_map.iter_rules():
        name = rule.endpoint.rpartition(".")[2]
        if "POST" in (rule.methods or ()) and rule.rule.startswith("/api/v1/") and name not in READING:
            said = "The same key with the same request: the same answer, for a day."
            openapi.takes_header(name, repeats.FIELD, said)
            app.view_functions[rule.endpoint] = _once(app.view_functions[rule.endpoint])


def _once(view: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(view)
    def once(**names: Any) -> Any:
        key = request.headers.get(repeats.FIELD)
        if key is None or g.get("api_token") is None:
            return view(**names)
        user_id = g.api_token.user_id
        said = b"\0".join((request.method.encode(), request.full_path.encode(), request.get_data()))
        digest = hashlib.sha256(said).hexdigest()
        before = repeats.take(user_id, key, digest, now=now())
        if before is not None:
            return _told(before.status, before.body, before.headers)
        db.session.info[HELD] = True
        try:
            answer = make_response(current_app.ensure_sync(view)(**names))
        finally:
            db.session.info.pop(HELD, None)
        if answer.status_code < 400:
            headers = {name: answer.headers[name] for name in KEPT_HEADERS if name in answer.headers}
            body = answer.get_json() if answer.is_json else None
            repeats.answer(user_id, key, digest, answer.status_code, body, headers, now=now())
        else:
            repeats.release(user_id, key)
        db.session.commit()
        return answer

    return once


def _told(status: int | None, body: dict[str, Any] | None, headers: dict[str, str]) -> Response:
    answer = make_response(jsonify(body) if body is not None else "", status)
    answer.headers.extend(headers)
    return answer
