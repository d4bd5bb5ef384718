"""Whatever fails after the view is answered by the one table of errors, with a line in the log and a request ID."""

import json
from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest
from flask import Flask, Response
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app import create_app
from config import Settings
from extensions import db as database
from tests.conftest import CommittedDatabase

GONE = OperationalError("SELECT 1", {}, psycopg2.OperationalError("server closed the connection"))


@pytest.fixture
def own(settings: Settings) -> Iterator[Flask]:
    """An application of the test's own, for what it hangs on it."""
    made = create_app(settings)
    teardowns = list(made.teardown_appcontext_funcs)
    yield made
    made.teardown_appcontext_funcs = teardowns
    with made.app_context():
        database.engine.dispose()


def fail(error: Exception) -> Any:
    def failing(*_arguments: Any) -> Any:
        raise error

    return failing


def breaking() -> Iterator[str]:
    raise GONE
    yield ""


def hang_on(app: Flask, where: str, error: Exception) -> None:
    if where == "teardown":
        app.teardown_request(fail(error))
    elif where == "context":
        app.teardown_appcontext(fail(error))
    elif where == "after":
        app.after_request(fail(error))
    elif where == "session":
        app.session_interface.save_session = fail(error)  # type: ignore[method-assign]
    else:
        app.add_url_rule("/api/v1/stream", "stream", lambda: Response(breaking()))


@pytest.mark.parametrize("where", ["teardown", "context", "after", "session", "stream"])
@pytest.mark.parametrize("path", ["/api/v1/nothing", "/nothing"])
def test_a_failure_after_the_view_has_an_answer_of_ours(
    own: Flask, where: str, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    hang_on(own, where, GONE)

    asked = "/api/v1/stream" if where == "stream" else path
    found = own.test_client().get(asked, headers={"X-Request-ID": "given-by-door"})

    assert found.status_code == 503
    assert found.headers["X-Request-ID"] == "given-by-door"
    assert found.mimetype == ("application/problem+json" if asked.startswith("/api/") else "text/html")
    assert "given-by-door" in found.text
    lines = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    assert "given-by-door" in [line["request_id"] for line in lines if line["event"] == "database unavailable"]


def test_a_teardown_that_fails_once_is_answered_by_the_table(own: Flask) -> None:
    errors = [GONE]

    @own.teardown_request
    def once(_error: BaseException | None) -> None:
        if errors:
            raise errors.pop()

    found = own.test_client().get("/api/v1/courses", headers={"X-Request-ID": "given-by-door"})

    assert (found.status_code, found.headers["Retry-After"]) == (503, "5")
    assert json.loads(found.text)["request_id"] == "given-by-door"


def test_a_connection_that_dies_after_the_view_costs_nobody_the_answer(committed_db: CommittedDatabase) -> None:
    app = committed_db.app

    def view() -> str:
        number = database.session.scalar(text("SELECT pg_backend_pid()"))
        with psycopg2.connect(committed_db.url) as other, other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", (number,))
        return "done"

    app.add_url_rule("/dies", "dies", view)

    for _round in range(3):
        found = app.test_client().get("/dies")
        assert (found.status_code, found.text) == (200, "done")


def test_a_connection_that_cannot_take_back_is_thrown_away_and_the_answer_stands(
    committed_db: CommittedDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = committed_db.app
    dead: list[int] = []

    def view() -> str:
        dead.append(database.session.scalar(text("SELECT pg_backend_pid()")))
        monkeypatch.setattr(Session, "rollback", refuse)
        raise RuntimeError("its secret")

    def refuse(_session: Session) -> None:
        monkeypatch.undo()
        raise GONE

    app.add_url_rule("/fails", "fails", view)

    found = app.test_client().get("/fails")

    assert (found.status_code, "its secret" in found.text) == (500, False)
    with app.app_context():
        assert database.session.scalar(text("SELECT pg_backend_pid()")) not in dead
