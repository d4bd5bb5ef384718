"""Every route of labs, with addresses and bodies that no page of ours sends: refused in words, never a 500."""

import itertools
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from extensions import db
from models import utcnow
from services.accounts import tokens
from services.labs import lifecycle
from tests.factories import Cast
from tests.people import sign_in, token

# What stands in an address in place of a number, a slug and an ID; the lab's own is filled in.
NUMBERS = ("0", str(2**63), str(10**60))
SLUGS = ("%00", "x" * 3000, "%C3%28", "..%2f..")
BODIES: tuple[dict[str, Any], ...] = (
    {},
    {"data": b"{", "content_type": "application/json"},
    {"data": b"\xff\xfe\x00", "content_type": "application/json"},
    {"data": b"[" * 50_000, "content_type": "application/json"},
    {"json": None},
    {"json": []},
    {"json": "text"},
    {"json": {"note": 5, "text": [], "upto": "x", "minutes": {}, "count": -1, "lab": None, "action": 7}},
    {"json": {"note": "\x00", "text": "\ud800", "upto": 2**63, "minutes": 10**400, "count": 2**63}},
    {"json": {"note": "\x1b]52;c;aGk=\x07" * 5000, "text": "\u202e" * 100_000, "upto": -1, "after": 1.5}},
    {"data": {"note": "\x00", "text": "\x1b[2J"}},
)
NOBODYS = "00000000-0000-4000-8000-000000000000"
PART = re.compile(r"<(?:\w+:)?(\w+)>")
QUERIES = ("?after=x&ticket=%ff&page=-1", f"?after={2**70}&after=%00")


def rules(app: Flask) -> list[Rule]:
    """Return the routes that speak of labs."""
    return [rule for rule in app.url_map.iter_rules() if "lab" in rule.endpoint]


def addresses(rule: Rule, known: dict[str, str]) -> list[str]:
    """Return the rule's address as it is meant, and with each of its parts damaged in turn."""
    meant = {name: known.get(name, "1") for name in rule.arguments}
    found = [meant]
    for name in meant:
        kind = type(rule._converters[name]).__name__
        odd = {"IntegerConverter": NUMBERS, "UUIDConverter": (NOBODYS,)}.get(kind, SLUGS)
        found += [{**meant, name: value} for value in odd]
    return [PART.sub(lambda part, values=values: values[part[1]], rule.rule) for values in found]


@pytest.mark.parametrize("name", ["alice", "bob"])
def test_no_address_and_no_body_is_our_mistake(app: Flask, client: FlaskClient, cast: Cast, name: str) -> None:
    session = lifecycle.queue(cast.bob, cast.lab, cast.course, now=utcnow())
    db.session.commit()
    known = {"session_id": str(session.id), "slug": cast.course.slug, "lab": cast.lab.slug}
    _row, plain = tokens.issue(getattr(cast, name).id, name="s", scopes=("read", "write"), days=9, now=utcnow())
    sign_in(client, name)
    headers = {"X-CSRFToken": token(client)}

    statuses: dict[int, list[str]] = {}
    for rule in rules(app):
        methods = sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        meant, *odd = addresses(rule, known)
        bodies = BODIES if methods != ["GET"] else ({},)
        asked = [(address, {}) for address in [*odd, *(meant + query for query in QUERIES)]]
        asked += [(meant, body) for body in bodies]
        for method, (address, body) in itertools.product(methods, asked):
            who = {"Authorization": f"Bearer {plain}"} if address.startswith("/api/") else headers
            status = client.open(address, method=method, headers=who, **body).status_code
            statuses.setdefault(status, []).append(f"{method} {address[:100]} {str(body)[:60]}")

    assert [said for status, said in statuses.items() if status >= 500 and status != 503] == []
    # They were really asked: not all of it was refused at the door.
    assert {200, 404, 422} <= set(statuses)
