"""A site whose pages are kept: bob's, with a reader that says whether an answer was kept, and what Flask makes anew."""

import contextlib
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app import create_app
from blueprints.kept_lane import PAGES as COUNTED
from extensions import Base, db
from models import User
from tests.engines import Engines, site_settings
from tests.factories import make_cast
from tests.people import sign_in

PAGES = {
    "home": "/",
    "course": "/courses/shell",
    "lesson": "/courses/shell/lessons/first-words",
    "quiz": "/courses/shell/quizzes/first-quiz",
    "board": "/courses/shell/leaderboard",
    "table": "/courses/shell/leaderboard?partial=1",
}
# Tokens, tickets and cursors are signed anew each time; all of them are good.
TOKEN = re.compile(r'((?:name="csrf-token" content|name="csrf_token"[^>]* value)="|ticket=|after=)[^"&]+')


@dataclass
class Reader:
    """Somebody at a browser."""

    app: Flask
    client: FlaskClient
    user_id: int

    def open(self, path: str, **headers: str) -> tuple[str, bool]:
        """Return a page without its tokens, and whether it was kept."""
        before = self.hits()
        answer = self.client.get(path, headers=headers)
        assert answer.status_code == 200, f"{path}: {answer.status}"
        return TOKEN.sub(r"\1", answer.text), self.hits() > before

    def hits(self) -> float:
        """Return how many pages were kept so far."""
        return float(COUNTED.labels("hit")._value.get())

    def anew(self, path: str) -> str:
        """Return the page as Flask makes it: what a page's script asks for is never kept."""
        with without_whole_boards(self.app):
            page, was_kept = self.open(path, **{"X-Yurt-Person": str(self.user_id)})
        assert not was_kept
        return page

    def keep(self, *paths: str) -> None:
        """Have pages kept, and see that they are."""
        for path in paths:
            self.open(path)
            assert self.open(path)[1], f"{path} isn't kept"


@contextlib.contextmanager
def without_whole_boards(app: Flask) -> Iterator[None]:
    """Have boards read from Redis and PostgreSQL, as large ones are."""
    given = app.extensions["yurt_given"]
    boards = given.pop("whole_boards")
    try:
        yield
    finally:
        given["whole_boards"] = boards


@pytest.fixture(scope="module")
def site(engines: Engines, worker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """An application that keeps pages, on a database of the module's own."""
    name = f"kept_{worker}_{secrets.token_hex(4)}"
    url, redis_url = engines.copy(name), engines.redis_url(worker)
    app = create_app(site_settings(url, redis_url, tmp_path_factory.mktemp("var"), kept_pages_s=300))
    yield app
    with app.app_context():
        db.engine.dispose()
    engines.drop(name)


@pytest.fixture
def bob(site: Flask, engines: Engines) -> Iterator[Reader]:
    """Bob, signed in, with a cast that nothing happened to. IDs go on, so what is kept of a test is no other's."""
    site.extensions["yurt_redis"].flushdb()
    with site.app_context():
        engines.empty(str(db.engine.url.database), (name for name in Base.metadata.tables if name != "kept_versions"))
        make_cast()
        db.session.commit()
        user_id = db.session.scalars(select(User.id).filter_by(handle="bob")).one()
    client = site.test_client()
    assert sign_in(client, "bob").status_code == 302
    client.get("/")  # shows what signing in had to say
    yield Reader(site, client, user_id)
    with site.app_context():
        db.session.remove()
