"""What Sentry gets: real exceptions of every process, grouped by where they happened, and nothing about people."""

import json
import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest
import sentry_sdk
import structlog
from flask import Flask
from sqlalchemy.exc import OperationalError

import reporting
from app import create_app
from config import ROOT, Settings
from extensions import db as database
from tests.conftest import CommittedDatabase
from tests.engines import site_settings
from tests.receivers import Receiver


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    made = Receiver()
    monkeypatch.setattr(reporting, "_flood", reporting.Flood())
    yield made
    sentry_sdk.get_client().close()
    sentry_sdk.get_global_scope().set_client(None)
    made.server.shutdown()


@pytest.fixture
def own(settings: Settings, receiver: Receiver) -> Iterator[Flask]:
    """An application of the test's own that reports to the receiver."""
    changed = site_settings(settings.database_url, settings.redis_url, settings.var_dir, sentry_dsn=receiver.dsn)
    made = create_app(changed)
    yield made
    with made.app_context():
        database.engine.dispose()


def boom(slug: str) -> str:
    raise ValueError(f"bob@example.org sent '{slug}' from 10.1.2.3 with /reset/abc")


def test_an_exception_comes_with_its_stack_and_where_it_happened(own: Flask, receiver: Receiver) -> None:
    own.add_url_rule("/courses/<slug>/boom", "courses.boom", boom)

    for slug in ("one", "two"):
        own.test_client().get(
            f"/courses/{slug}/boom?ticket=hidden",
            headers={"X-Request-ID": f"request-{slug}", "Cookie": "yurt_session=hidden"},
            data={"password": "hidden"},
        )

    one, two = receiver.wait(2)
    raised = one["exception"]["values"][-1]
    assert (raised["type"], raised["stacktrace"]["frames"][-1]["function"]) == ("ValueError", "boom")
    assert one["tags"] | {"event": ""} == {
        "process": "web",
        "route": "courses.boom",
        "method": "GET",
        "request_id": "request-one",
        "event": "",
    }
    assert one["release"] == "yurt@0.1.0"
    assert one["fingerprint"] == two["fingerprint"] == ["ValueError", "tests/frame/test_reporting.py:boom"]
    for event in (one, two):
        told = json.dumps({name: value for name, value in event.items() if name != "exception"})
        told += raised["value"] + json.dumps([frame.get("vars") for frame in raised["stacktrace"]["frames"]])
        for person in ("bob@", "10.1.2.3", "hidden", "/reset/abc", "'one'"):
            assert person not in told


def test_an_engine_that_is_away_is_one_trouble_wherever_it_is_noticed(own: Flask, receiver: Receiver) -> None:
    def one() -> str:
        raise database_gone()

    def two() -> str:
        raise database_gone()

    own.add_url_rule("/one", "one", one)
    own.add_url_rule("/two", "two", two)

    for path in ("/one", "/two"):
        assert own.test_client().get(path).status_code == 503

    assert {tuple(event["fingerprint"]) for event in receiver.wait(2)} == {("unavailable", "postgresql")}
    assert all(event["exception"]["values"] for event in receiver.events)


def database_gone() -> Exception:
    return OperationalError("SELECT email FROM users", {"email": "bob@example.org"}, Exception("gone"))


def test_a_flood_of_one_kind_is_cut(own: Flask, receiver: Receiver) -> None:
    own.add_url_rule("/boom", "boom", lambda: boom("x"))

    for _number in range(20):
        own.test_client().get("/boom")

    assert len(receiver.wait(reporting.A_MINUTE)) == reporting.A_MINUTE


def test_errors_of_libraries_and_of_lines_are_told_and_warnings_arent(own: Flask, receiver: Receiver) -> None:
    structlog.get_logger("yurt.scheduler").warning("a lab waits")
    structlog.get_logger("yurt.scheduler").error("no room for bob@example.org", job="lab-bob")
    try:
        boom("x")
    except ValueError:
        logging.getLogger("asyncio").exception("Task exception was never retrieved")

    line, library = receiver.wait(2)
    assert line["message"] == "no room for …"
    assert "lab-bob" not in json.dumps(line)
    assert library["exception"]["values"][-1]["type"] == "ValueError"
    assert library["tags"]["event"] == "Task exception was never retrieved"


SCRIPT = """
import click
from config import settings_or_exit
{make}
def work():
    raise RuntimeError("this one")
work()
"""


@pytest.mark.parametrize(
    ("process", "make"),
    [
        ("scheduler", "from core import create_core; create_core(settings_or_exit(), 'scheduler')"),
        ("gateway", "from core import create_core; create_core(settings_or_exit(), 'gateway')"),
        ("command", "click.Context(click.Command('users')).__enter__(); import wsgi"),
    ],
)
def test_a_process_that_ends_by_an_exception_has_told_of_it(
    committed_db: CommittedDatabase, receiver: Receiver, process: str, make: str
) -> None:
    environ = {
        "PATH": "/usr/bin:/bin",
        "DATABASE_URL": committed_db.url,
        "REDIS_URL": committed_db.redis_url,
        "SECRET_KEY": committed_db.settings.secret_key,
        "YURT_VAR": str(committed_db.settings.var_dir),
        "SENTRY_DSN": receiver.dsn,
        "YURT_RELEASE": "yurt@7",
    }

    command = [sys.executable, "-c", SCRIPT.format(make=make)]
    ended = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=300, check=False)

    (event,) = receiver.wait(1)
    assert ended.returncode == 1
    assert (event["tags"]["process"], event["release"], event["level"]) == (process, "yurt@7", "fatal")
    assert event["exception"]["values"][-1]["type"] == "RuntimeError"
