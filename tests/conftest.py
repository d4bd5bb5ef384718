"""Fixtures of the whole suite: real engines, a database that forgets each test, sites and a browser.

`app`, `db` and `client` share one transaction that is rolled back. What needs real commits (races, processes) takes
`committed_db`; what needs the running product takes `live_server`, and `page` to look at it.
"""

import contextvars
import gc
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from sqlalchemy import Engine

import quick_start
from app import create_app
from blueprints.auth.accounts import SECURITY_SETTINGS
from config import Settings
from core import create_core
from database import migrations
from extensions import db as database
from extensions import limiter
from tests.engines import Engines, running_engines, site_settings
from tests.factories import PASSWORD, Cast, hashed
from tests.grounds import bound, forget
from tests.kept_cast import copy_with_cast, engine_of, find_cast
from tests.lanes import Lanes
from tests.site_makers import site_maker
from tests.sites import LiveSite
from tests.spares import Spares

pytest_plugins = ["tests.browsers", "tests.nomad.fixtures"]
# How long an example takes says how busy the machine is, which is no fault of what is tried.
hypothesis_settings.register_profile(
    "yurt", hypothesis_settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("yurt")
ENGINES = pytest.StashKey[Any]()
# Signing in is mostly hashing, by intent, and the suite signs in thousands of times. Sites in processes of their own
# hash as they do elsewhere; tests/accounts/test_passwords.py holds what ships.
SHIPPED_HASHING = dict(SECURITY_SETTINGS["SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS"])
SECURITY_SETTINGS["SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS"].update(argon2__rounds=1, argon2__memory_cost=8)


def pytest_configure(config: pytest.Config) -> None:
    """Start the engines in the process that owns the workers, before there are any."""
    # Whoever said so spares Python's own files; here it would compile Yurt anew in each of the hundreds of starts.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if not hasattr(config, "workerinput") and getattr(config.option, "numprocesses", None):
        context = running_engines()
        config.stash[ENGINES] = (context, context.__enter__())
    else:
        # Until the tests are collected, as processes of Yurt do: see quick_start.py.
        gc.disable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Lanes:
    """Give files to workers by what they keep busy."""
    return Lanes(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_collection_finish() -> None:
    """Let the collector go on without what is there now, which stays to the end."""
    quick_start.end()


def pytest_configure_node(node: Any) -> None:
    """Tell a worker where the engines are."""
    node.workerinput["engines"] = str(node.config.stash[ENGINES][1].folder)


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the engines."""
    if ENGINES in config.stash:
        config.stash[ENGINES][0].__exit__(None, None, None)


@pytest.fixture(scope="session")
def worker() -> str:
    """The name of this worker."""
    return os.environ.get("PYTEST_XDIST_WORKER", "gw0")


@pytest.fixture(scope="session")
def engines(request: pytest.FixtureRequest) -> Iterator[Engines]:
    """The shared engines."""
    shared = getattr(request.config, "workerinput", {}).get("engines")
    if shared:
        yield Engines(Path(shared))
    else:
        with running_engines() as own:
            yield own


@pytest.fixture(scope="session")
def settings(engines: Engines, worker: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of this worker's own database and Redis database."""
    url = engines.copy(f"test_{worker}")
    return site_settings(url, engines.redis_url(worker), tmp_path_factory.mktemp("var"))


@pytest.fixture
def redis_url(settings: Settings) -> str:
    """The Redis database of this worker, which each test finds empty."""
    return settings.redis_url


class ForgetfulClient(FlaskClient):
    """A client whose requests don't share the test's application context.

    Flask would reuse a pushed one, and with it `g`, where the signed-in user is kept. What the test arranged is
    committed (to the savepoint) before a request, and read anew after it.
    """

    def open(self, *args: Any, **kwargs: Any) -> Any:
        """Make the request in an empty context."""
        database.session.commit()
        # With its body, which a view may make while it is sent.
        response = contextvars.Context().run(super().open, *args, **{"buffered": True, **kwargs})
        database.session.expire_all()
        return response


@pytest.fixture(scope="session")
def bare_app(settings: Settings) -> Flask:
    """The application, built once a worker. Tests take `app`, which forgets what they did."""
    made = create_app(settings)
    made.test_client_class = ForgetfulClient
    made.extensions["yurt_limits"] = dict(vars(limiter))
    with made.app_context():
        hashed(PASSWORD)  # which applications without pages can't do, and a worker may begin with one
    return made


@pytest.fixture(scope="session")
def cast_engine(engines: Engines, worker: str, bare_app: Flask) -> Iterator[Engine]:
    """The worker's other database, where the cast stands."""
    name = f"cast_{worker}"
    copy_with_cast(bare_app, engines, name)
    engine = engine_of(bare_app, name)
    yield engine
    engine.dispose()


@pytest.fixture
def app(bare_app: Flask, request: pytest.FixtureRequest) -> Iterator[Flask]:
    """The application with its context pushed, in a transaction that is rolled back, on an empty Redis database."""
    with bare_app.app_context():
        is_kept = "cast" in request.fixturenames
        engine = request.getfixturevalue("cast_engine") if is_kept else database.engine
    forget(bare_app)
    with bound(bare_app, engine):
        yield bare_app


@pytest.fixture
def db(app: Flask) -> SQLAlchemy:
    """The database of the test; commits reach a savepoint only."""
    return database


@pytest.fixture
def cast(db: SQLAlchemy) -> Cast:
    """Alice teaches, bob is enrolled, charlie is an outsider, dana is the admin."""
    return find_cast()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without JavaScript, signed out."""
    return app.test_client()


@dataclass(frozen=True)
class CommittedDatabase:
    """A database of one test, with commits that everybody sees."""

    settings: Settings
    app: Flask
    url: str
    redis_url: str


@pytest.fixture(scope="session")
def spares(engines: Engines, worker: str) -> Spares:
    """The databases that this worker's tests leave to each other."""
    return Spares(engines, worker)


@pytest.fixture
def committed_db(engines: Engines, spares: Spares, worker: str, tmp_path: Path) -> Iterator[CommittedDatabase]:
    """A database as new for races and other processes; nothing is rolled back, the next test finds it as new."""
    spare, redis_url = spares.take("empty", engines.copy), engines.redis_url(worker)
    app = create_app(site_settings(spare.url, redis_url, tmp_path / "var"))
    migrations.init_app(app)
    app.extensions["yurt_redis"].flushdb()
    try:
        yield CommittedDatabase(app.extensions["yurt"], app, spare.url, redis_url)
    finally:
        with app.app_context():
            database.engine.dispose()
        spares.give_back(spare)


@pytest.fixture
def committed_cast(
    engines: Engines, spares: Spares, worker: str, tmp_path: Path, bare_app: Flask
) -> Iterator[CommittedDatabase]:
    """The same with the cast in it, for who asks for no pages: the application has none, and is made in no time."""
    spare = spares.take("cast", lambda name: copy_with_cast(bare_app, engines, name))
    redis_url = engines.redis_url(worker)
    app = create_core(site_settings(spare.url, redis_url, tmp_path / "var"))
    app.extensions["yurt_redis"].flushdb()
    try:
        yield CommittedDatabase(app.extensions["yurt"], app, spare.url, redis_url)
    finally:
        with app.app_context():
            database.engine.dispose()
        spares.give_back(spare)


@pytest.fixture(scope="module")
def make_live_server(
    engines: Engines, worker: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., LiveSite]]:
    """Start sites with environment variables of one's own: `make_live_server(WEB_CONCURRENCY="4")`."""
    with site_maker(engines, worker, tmp_path_factory) as make:
        yield make


@pytest.fixture(scope="module")
def live_server(make_live_server: Callable[..., LiveSite]) -> LiveSite:
    """The running product: front door, web workers, gateway and scheduler, on its own empty database."""
    return make_live_server()
