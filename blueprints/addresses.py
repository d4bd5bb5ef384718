"""Addresses in templates: a page asks for some twenty, nearly always the same, so they are kept once they are made."""

from functools import lru_cache
from typing import Any

import flask
from flask import Flask, request

KEPT = 4096
# An address with a longer value (a search, the page to go on to) is hardly asked for twice.
LONGEST = 100


def init_app(app: Flask) -> None:
    """Give the templates their `url_for`."""
    build = app.url_for

    @lru_cache(maxsize=KEPT)
    def kept(_root: str, endpoint: str, values: tuple[tuple[str, Any], ...]) -> str:
        return build(endpoint, **dict(values))

    def url_for(endpoint: str, **values: Any) -> str:
        """Return what Flask's own does; paths of this site are kept, by where the site is mounted."""
        is_path = flask.has_request_context() and not endpoint.startswith(".")
        if is_path and all(_is_plain(name, value) for name, value in values.items()):
            return kept(request.script_root, endpoint, tuple(values.items()))
        return build(endpoint, **values)

    app.jinja_env.globals["url_for"] = url_for


def _is_plain(name: str, value: Any) -> bool:
    # 1 and True are one key, and aren't one address.
    return not name.startswith("_") and (type(value) is int or (type(value) is str and len(value) <= LONGEST))
