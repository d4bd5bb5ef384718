"""The cast on the stage, and programs that speak for them."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from models import User, utcnow
from services import tokens
from tests.factories import Cast, make_cast

API = "/api/v1"


class Program:
    """Somebody's script: each call carries their token."""

    def __init__(self, client: FlaskClient, plain: str) -> None:
        self.client, self.headers = client, {"Authorization": f"Bearer {plain}"}

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.client.get(API + path, headers=self.headers, **options)

    def post(self, path: str, json: Any = None, **options: Any) -> TestResponse:
        return self.client.post(API + path, headers=self.headers, json=json, **options)

    def put(self, path: str, json: Any = None, **options: Any) -> TestResponse:
        return self.client.put(API + path, headers=self.headers, json=json, **options)

    def delete(self, path: str) -> TestResponse:
        return self.client.delete(API + path, headers=self.headers)


@pytest.fixture
def cast(app: object, db: object) -> Cast:
    return make_cast()


@pytest.fixture
def program(client: FlaskClient, cast: Cast) -> Callable[..., Program]:
    """Make a script for one of the cast, that may read and write unless said otherwise."""

    def make(name: str, *scopes: str) -> Program:
        user: User = getattr(cast, name)
        _row, plain = tokens.issue(user.id, name="script", scopes=scopes or tokens.SCOPES, days=9, now=utcnow())
        return Program(client, plain)

    return make


@pytest.fixture
def alice(program: Callable[..., Program]) -> Program:
    return program("alice")


@pytest.fixture
def bob(program: Callable[..., Program]) -> Program:
    return program("bob")


@pytest.fixture
def charlie(program: Callable[..., Program]) -> Program:
    return program("charlie")


def problem(response: TestResponse, status: int) -> dict[str, Any]:
    """Return an error's body, which must be a problem as RFC 9457 has it."""
    assert response.status_code == status, response.text
    assert response.mimetype == "application/problem+json"
    body: dict[str, Any] = response.get_json()
    assert {"type", "title", "status", "detail", "request_id"} <= set(body)
    assert body["status"] == status
    assert body["request_id"] == response.headers["X-Request-ID"]
    return body
