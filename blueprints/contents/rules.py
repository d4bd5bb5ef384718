"""The rules that hold for every part of a course: versions against lost updates, places, and what is sent."""

import re
from collections.abc import Callable
from typing import Any, TypeVar

from apiflask.exceptions import HTTPError
from flask import request
from flask_babel import gettext as _

from blueprints import openapi

View = TypeVar("View", bound=Callable[..., Any])
Answer = tuple[dict[str, Any], int, dict[str, str]]
HEADER = "If-Match"
_CODING = re.compile(r"-(gzip|br|zstd|deflate)$")
# Where a part stands, and what is known of it, is said beside what it says.
PLACE = ("slug", "module", "position", "cannot_start")


def versioned(view: View) -> View:
    """Document that a view wants to know which version was seen."""
    openapi.takes_header(
        view.__name__, HEADER, "The ETag of what is changed, as it was read; * for whatever it is now."
    )
    return view


def saw(version: str) -> bool:
    """Say whether a version is the one that the request names; refuse a request that names none."""
    if HEADER not in request.headers:
        raise HTTPError(428, _("Send If-Match with the ETag of what you read, so that nobody's change is lost."))
    # An empty tag is read as None.
    # What compresses on the way names its own form of an answer: nginx W/"5f", Caddy "5f-gzip".
    named = {_CODING.sub("", tag) for tag in request.if_match.as_set(include_weak=True) if tag}
    return request.if_match.star_tag or version in named


def sent(*but: str) -> dict[str, Any]:
    """Return what was sent for a part, which has been checked, without where it stands and without nulls."""
    body: dict[str, Any] = request.get_json()
    return {name: value for name, value in body.items() if name not in (*but, *PLACE) and value is not None}


def tagged(version: str, **headers: str) -> dict[str, str]:
    """Return the headers of an answer that shows a part."""
    return {"ETag": f'"{version}"', **headers}
