"""PostgreSQL and Redis as the platform uses them, and what happens without them."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from app import create_app
from config import Settings
from extensions import db as database
from tests.conftest import CommittedDatabase
from tests.factories import make_cast
from tests.people import sign_in


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("statement_timeout", "15s"),
        ("lock_timeout", "5s"),
        ("idle_in_transaction_session_timeout", "1min"),
    ],
)
def test_every_transaction_has_its_time_outs(committed_db: CommittedDatabase, name: str, value: str) -> None:
    with committed_db.app.app_context():
        assert database.session.scalar(text(f"SHOW {name}")) == value


def test_a_connection_names_its_process(committed_db: CommittedDatabase) -> None:
    with committed_db.app.app_context():
        assert str(database.session.scalar(text("SHOW application_name"))).startswith("yurt-web-")


@pytest.fixture
def without_redis(settings: Settings, tmp_path: Path) -> FlaskClient:
    """A site whose Redis doesn't answer."""
    gone = settings.model_copy(update={"redis_url": f"unix://{tmp_path}/nobody.sock"})
    return create_app(gone).test_client()


def test_without_redis_people_get_a_clear_page(without_redis: FlaskClient) -> None:
    response = without_redis.get("/")

    assert response.status_code == 503
    assert "What you saved is safe" in response.text
    assert "Retry-After" in response.headers


def test_without_redis_the_process_lives_and_says_what_is_missing(without_redis: FlaskClient) -> None:
    assert without_redis.get("/healthz").status_code == 200

    ready = without_redis.get("/readyz")

    assert ready.status_code == 503
    assert ready.json["engines"] == {"postgresql": "ok", "redis": "does not answer"}


def test_without_postgresql_readiness_names_it(settings: Settings, tmp_path: Path) -> None:
    gone = settings.model_copy(update={"database_url": f"postgresql+psycopg2:///yurt?host={tmp_path}"})
    client = create_app(gone).test_client()

    ready = client.get("/readyz")
    page = client.get("/courses")

    assert ready.json["engines"] == {"postgresql": "does not answer", "redis": "ok"}
    assert page.status_code == 503
    assert "Retry-After" in page.headers


def test_ready_when_both_answer(client: FlaskClient) -> None:
    response = client.get("/readyz")

    assert (response.status_code, response.json["status"]) == (200, "ok")


def test_metrics_count_requests_and_labs(client: FlaskClient) -> None:
    client.get("/courses")

    shown = client.get("/metrics").text

    assert 'yurt_http_requests_total{method="GET",route="courses.catalogue",status="200"}' in shown
    assert 'yurt_lab_sessions{state="running"} 0.0' in shown
    assert "yurt_db_pool_in_use" in shown


def test_metrics_are_not_for_everybody(client: FlaskClient) -> None:
    response = client.get("/metrics", environ_overrides={"REMOTE_ADDR": "203.0.113.9"})

    assert response.status_code == 404


def test_sessions_live_in_redis_and_change_their_name_at_sign_in(client: FlaskClient, db: SQLAlchemy) -> None:
    make_cast()
    client.get("/login")
    before = client.get_cookie("yurt_session")

    sign_in(client, "bob")

    after = client.get_cookie("yurt_session")
    assert before is not None
    assert after is not None
    assert before.value != after.value
    assert after.http_only
    assert after.same_site == "Lax"
