"""What the tests of a module find alike, laid once: each test changes it as it likes, and the next finds it anew."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, Engine

from extensions import cache, db, limiter
from models import User, utcnow
from services.accounts import tokens
from tests.factories import Cast
from tests.people import sign_in, token

COOKIE = "yurt_session"
NOBODY = "nobody"


@contextmanager
def bound(app: Flask, engine: Engine) -> Iterator[Connection]:
    """Push the application's context, with a connection whose transaction is rolled back at the end."""
    engines: dict[Any, Any] = db._app_engines[app]
    with app.app_context(), engine.connect() as connection:
        own, transaction = engines[None], connection.begin()
        engines[None] = connection
        db.session.configure(join_transaction_mode="create_savepoint")
        try:
            yield connection
        finally:
            db.session.remove()
            engines[None] = own
            transaction.rollback()


def forget(app: Flask) -> None:
    """Empty what an application keeps outside of PostgreSQL."""
    app.extensions["yurt_redis"].flushdb()
    # Keys carry ids and versions, which come again when a test is rolled back.
    app.extensions["cache"][cache]._near.clear()
    # There is one limiter a process; every app that a test makes takes it to its Redis database.
    vars(limiter).update(app.extensions["yurt_limits"])


@dataclass
class Visitor:
    """Somebody at a browser, and their program."""

    client: FlaskClient
    csrf: dict[str, str]
    bearer: dict[str, str]


@dataclass
class Ground:
    """The kept cast, what a module adds to it (by `names`), and visitors who have signed in."""

    app: Flask
    connection: Connection
    names: dict[str, Any]
    _signed_in: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    _kept: list[tuple[bytes, int, bytes]] = field(default_factory=list)

    def let_in(self, cast: Cast, *roles: str) -> None:
        """Sign them in by the form, and give each a token of the API; each test begins with what there is then."""
        for role in roles:
            client, plain = self.app.test_client(), ""
            if role != NOBODY:
                assert sign_in(client, role).status_code == 302
                user: User = getattr(cast, role)
                _row, plain = tokens.issue(user.id, name="table", scopes=("read", "write"), days=9, now=utcnow())
            csrf = token(client)
            cookie = client.get_cookie(COOKIE)
            assert cookie
            self._signed_in[role] = (cookie.value, csrf, plain)
        db.session.commit()
        redis = self.app.extensions["yurt_redis"]
        self._kept = [(key, max(redis.pttl(key), 0), redis.dump(key)) for key in redis.keys("*")]

    def visitor(self, role: str) -> Visitor:
        """Return somebody at a browser of their own."""
        cookie, csrf, plain = self._signed_in[role]
        client = self.app.test_client()
        client.set_cookie(COOKIE, cookie)
        return Visitor(client, {"X-CSRFToken": csrf}, {"Authorization": f"Bearer {plain}"} if plain else {})

    def ask(self, role: str, method: str, address: str, body: dict[str, Any]) -> int:
        """Ask as `role`: with a session and its CSRF token on pages, with a bearer token on the API."""
        visitor = self.visitor(role)
        if address.startswith("/api/"):
            json = body if method in ("POST", "PUT") and body else None
            return visitor.client.open(address, method=method, headers=visitor.bearer, json=json).status_code
        if method == "GET":
            return visitor.client.get(address).status_code
        sent: dict[str, Any] = {"json": body} if method == "PUT" else {"data": body}
        return visitor.client.open(address, method=method, headers=visitor.csrf, **sent).status_code

    @contextmanager
    def forgetting(self) -> Iterator["Ground"]:
        """Begin with what was kept, and take back what is done meanwhile."""
        forget(self.app)
        with self.app.extensions["yurt_redis"].pipeline(transaction=False) as together:
            for key, left, value in self._kept:
                together.restore(key, left, value)
            together.execute()
        savepoint = self.connection.begin_nested()
        try:
            yield self
        finally:
            db.session.remove()
            savepoint.rollback()
