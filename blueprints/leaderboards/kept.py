"""What a board that a process keeps whole looks like to one of its students: as JSON, and in pages.

Rows are made once for all; only what is somebody's own is made for each. It works within an application context.
"""

import json
from types import SimpleNamespace
from typing import Any

from flask import Flask
from flask_babel import force_locale  # type: ignore[attr-defined]  # its types leave it out
from markupsafe import Markup

from blueprints.leaderboards import cursors
from blueprints.leaderboards.reading import told_row
from services.leaderboards.whole import Whole

# Names are escaped, so nobody is called that.
ROWS, OWN = "<!--rows-->", "<!--own-->"


def document(whole: Whole, course_id: int, user_id: int, per_page: int) -> bytes:
    """Return what `GET /api/v1/courses/{slug}/leaderboard` answers, for the first part of the board of all time."""
    at, count = whole.index.get(user_id), min(per_page, len(whole.places))
    rest: bytes = whole.once(("rest", per_page), lambda: _rest(whole, course_id, per_page, count))
    if at is None:
        return b"".join((b'{"rows":[', _rows(whole, course_id, count), b'],"me":null,"around":[', rest))
    mine = json.dumps(_told(whole, course_id, at, user_id)).encode()
    around = b",".join([mine if each == at else _text(whole, course_id, each) for each in whole.around(at)])
    rows = _rows(whole, course_id, count)
    if at < count:
        lines: list[bytes] = whole.once(("texts", count), lambda: [_text(whole, course_id, at) for at in range(count)])
        rows = b",".join((*lines[:at], mine, *lines[at + 1 :]))
    return b"".join((b'{"rows":[', rows, b'],"me":', mine, b',"around":[', around, rest))


def _rows(whole: Whole, course_id: int, count: int) -> bytes:
    rows: bytes = whole.once(
        ("rows", count), lambda: b",".join([_text(whole, course_id, each) for each in range(count)])
    )
    return rows


def _rest(whole: Whole, course_id: int, per_page: int, count: int) -> bytes:
    """Return what stands behind the rows around one's own."""
    rest = {
        "found": None,
        "next": whole.once(("next", count), lambda: _next(whole, course_id, count)),
        "previous": None,
        "page": 1,
        "pages": max(1, -(-len(whole.places) // per_page)),
        "total": len(whole.places),
        "period": "all",
        "since": None,
        "as_of": None,
        "is_frozen": False,
    }
    return f"],{json.dumps(rest)[1:]}\n".encode()


def rank(whole: Whole, user_id: int, _slot: dict[str, Any]) -> bytes:
    """Return somebody's rank as their course's page shows it."""
    at = whole.index.get(user_id)
    return str("–" if at is None else at + 1).encode()


def table(app: Flask, whole: Whole, user_id: int, slot: dict[str, Any]) -> bytes:
    """Return the table of the page, as its template makes it. `slot` says of which course, and in which language."""
    at, count = whole.index.get(user_id), min(slot["per_page"], len(whole.places))
    key = tuple(slot[name] for name in ("language", "root", "per_page", "slug", "title"))
    with force_locale(slot["language"]):
        frame: str = whole.once(("frame", *key), lambda: _frame(app, whole, slot, count))
        rows, own = _lines(app, whole, slot, "", range(count), at, user_id), Markup("")
        if at is not None and at >= count:
            around = _lines(app, whole, slot, "near-", whole.around(at), at, user_id)
            own = _parts(app).own(around, _told(whole, slot["course_id"], at, user_id))
    return frame.replace(ROWS, rows, 1).replace(OWN, own, 1).encode()


def _frame(app: Flask, whole: Whole, slot: dict[str, Any], count: int) -> str:
    """Return the table that everybody sees, with marks where its rows and what is one's own stand."""
    course_id = slot["course_id"]
    following = whole.once(("next", count), lambda: _next(whole, course_id, count))
    made: str = app.jinja_env.get_template("leaderboards/_table.html").render(
        course=SimpleNamespace(slug=slot["slug"], title=slot["title"]),
        role="student",
        seen=SimpleNamespace(is_frozen=False, scope=SimpleNamespace(until=None), next=following, previous=None),
        found=None,
        rows=[_told(whole, course_id, place, None) for place in range(count)],
        total=len(whole.places),
        kept={},
        drawn=SimpleNamespace(rows=Markup(ROWS), own=Markup(OWN)),  # marks of ours
        url_for=_Paths(app, slot["root"]),
    )
    return made


def _parts(app: Flask) -> Any:
    return app.jinja_env.get_template("leaderboards/_rows.html").module


class _Paths:
    """`url_for` without a request."""

    def __init__(self, app: Flask, root: str) -> None:
        self._adapter = app.url_map.bind("", root or "/")

    def __call__(self, endpoint: str, **values: Any) -> str:
        return self._adapter.build(endpoint, {name: value for name, value in values.items() if value is not None})


def _lines(
    app: Flask, whole: Whole, slot: dict[str, Any], prefix: str, places: range, mine: int | None, user_id: int
) -> Markup:
    def drawn(place: int) -> Markup:
        row = _told(whole, slot["course_id"], place, user_id if place == mine else None)
        return Markup(_parts(app).lines([row], prefix))  # escaped

    def line(place: int) -> Markup:
        if place == mine:
            return drawn(place)
        made: Markup = whole.once(("line", slot["language"], prefix, place), lambda: drawn(place))
        return made

    if mine is not None and mine in places:
        return Markup("").join(map(line, places))
    everybody: Markup = whole.once(
        ("lines", slot["language"], prefix, places.start, places.stop), lambda: Markup("").join(map(line, places))
    )
    return everybody


def _told(whole: Whole, course_id: int, place: int, me: int | None) -> dict[str, Any]:
    made: dict[str, Any] = whole.once(("told", place), lambda: told_row(course_id, whole.row(place)))
    return made if me is None else told_row(course_id, whole.row(place, me), key=made["key"])


def _text(whole: Whole, course_id: int, place: int) -> bytes:
    """Return a row as everybody but its own person is told it."""
    made: bytes = whole.once(("text", place), lambda: json.dumps(_told(whole, course_id, place, None)).encode())
    return made


def _next(whole: Whole, course_id: int, count: int) -> str | None:
    return cursors.seal(course_id, whole.places[count - 1].key) if 0 < count < len(whole.places) else None
