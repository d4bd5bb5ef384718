"""What holds for every request: IDs, headers, forms, limits on size, and errors that people and programs can read."""

import logging

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

import telemetry
from extensions import db
from services.courses import catalogue
from services.errors import Conflict, Forbidden, InvalidInput, LimitReached, NotFound, Unavailable


def test_a_request_id_is_made_and_told(client: FlaskClient) -> None:
    response = client.get("/healthz")

    assert len(response.headers["X-Request-ID"]) == 32


def test_a_proxys_request_id_is_kept_if_it_is_sound(client: FlaskClient) -> None:
    kept = client.get("/healthz", headers={"X-Request-ID": "abcdef-12345678"})
    made = client.get("/healthz", headers={"X-Request-ID": "<script>alert(1)</script>"})

    assert kept.headers["X-Request-ID"] == "abcdef-12345678"
    assert len(made.headers["X-Request-ID"]) == 32


def test_an_error_page_shows_the_request_id(client: FlaskClient) -> None:
    response = client.get("/nowhere", headers={"X-Request-ID": "abcdef-12345678"})

    assert response.status_code == 404
    assert response.mimetype == "text/html"
    assert "abcdef-12345678" in response.text


def test_an_api_error_is_problem_json(client: FlaskClient) -> None:
    response = client.get("/api/v1/nowhere")

    assert response.status_code == 404
    assert response.mimetype == "application/problem+json"
    assert response.json["status"] == 404
    assert response.json["request_id"] == response.headers["X-Request-ID"]


def test_the_content_security_policy_allows_no_inline_code(client: FlaskClient) -> None:
    policy = client.get("/login").headers["Content-Security-Policy"]

    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy


def test_a_form_without_its_token_is_refused(client: FlaskClient) -> None:
    response = client.post("/login", data={"email": "bob@example.org", "password": "x"})

    assert response.status_code == 400
    assert "out of date" in response.text


def test_a_body_over_a_megabyte_is_refused(client: FlaskClient) -> None:
    response = client.post("/login", data={"email": "x" * (1024 * 1024 + 1)})

    assert response.status_code == 413


@pytest.mark.parametrize("path", ["/courses/%00", "/courses?page=-1", "/courses?page=99999999999999999999&q=%00"])
def test_odd_addresses_are_never_a_server_error(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code in (200, 404)


def test_no_other_origin_may_call_the_api(client: FlaskClient) -> None:
    response = client.get("/api/v1/openapi.json", headers={"Origin": "https://elsewhere.example.org"})

    assert "Access-Control-Allow-Origin" not in response.headers


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (InvalidInput("page", "no"), 422),
        (NotFound(), 404),
        (Forbidden(), 403),
        (Conflict(), 409),
        (LimitReached(), 429),
        (Unavailable(), 503),
        (OperationalError("SELECT secret", {}, Exception("could not connect")), 503),
        (RuntimeError("secret"), 500),
    ],
)
def test_each_fault_has_its_status_and_keeps_its_secrets(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, fault: Exception, status: int
) -> None:
    def fail(*_args: object, **_options: object) -> None:
        raise fault

    monkeypatch.setattr(catalogue, "catalogue", fail)

    response = client.get("/courses")

    assert response.status_code == status
    assert "secret" not in response.text
    assert ("Retry-After" in response.headers) == (status in (429, 503))


def test_an_exhausted_pool_is_told(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*_args: object, **_options: object) -> None:
        raise PoolTimeout("QueuePool limit of size 20 overflow 10 reached")

    monkeypatch.setattr(catalogue, "catalogue", exhausted)

    response = client.get("/courses")

    assert response.status_code == 503
    assert response.headers["Retry-After"] == "5"


def test_the_pool_is_as_the_design_says(bare_app: Flask) -> None:
    with bare_app.app_context():
        pool = db.engine.pool

    assert (pool.size(), pool._max_overflow, pool._timeout, pool._recycle) == (20, 10, 5, 3600)


def test_what_would_be_logged_for_each_request_is_logged_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    at, seldom = [1000.0], telemetry.Seldom()
    monkeypatch.setattr(telemetry.time, "monotonic", lambda: at[0])
    record = logging.LogRecord("flask-limiter", logging.ERROR, "", 0, "no Redis", None, None)

    passed = [seldom.filter(record) for _ in range(3)]
    at[0] += telemetry.SELDOM_S
    passed.append(seldom.filter(record))

    assert passed == [True, False, False, True]
    assert any(isinstance(found, telemetry.Seldom) for found in logging.getLogger("flask-limiter").filters)
