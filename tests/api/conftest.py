"""The cast on the stage, and programs that speak for them."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from models import User, utcnow
from services.accounts import tokens
from tests.factories import Cast

API = "/api/v1"


# An address that isn't of this kind at all (an empty segment, a slash in it), or a body that isn't JSON.
UNDOCUMENTED = {400, 404, 405, 413}


class Program:
    """Somebody's script: each call carries their token, and gets an answer that the document names."""

    def __init__(self, client: FlaskClient, plain: str, documented: dict[str, Any]) -> None:
        self.client, self.headers, self._operations = client, {"Authorization": f"Bearer {plain}"}, documented

    def get(self, path: str, **options: Any) -> TestResponse:
        return self._send("get", path, **options)

    def post(self, path: str, json: Any = None, **options: Any) -> TestResponse:
        return self._send("post", path, json=json, **options)

    def put(self, path: str, json: Any = None, **options: Any) -> TestResponse:
        return self._send("put", path, json=json, **options)

    def delete(self, path: str) -> TestResponse:
        return self._send("delete", path)

    def _send(self, method: str, path: str, **options: Any) -> TestResponse:
        response = self.client.open(API + path, method=method.upper(), headers=self.headers, **options)
        assert response.status_code in UNDOCUMENTED | self._documented(method, path), response.text
        return response

    def _documented(self, method: str, path: str) -> set[int]:
        addresses = self.client.application.url_map.bind("localhost")
        try:
            rule, _arguments = addresses.match(urlsplit(API + path).path, method.upper(), return_rule=True)
        except HTTPException:
            return set()
        operations = self._operations.get(
            re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), {method: {"responses": [200]}}
        )
        return {int(status) for status in operations[method]["responses"]}


def document_of(app: Flask) -> dict[str, Any]:
    """Return the document as the application gives it to anybody."""
    body: dict[str, Any] = FlaskClient(app, app.response_class).get(f"{API}/openapi.json").get_json()
    return body


@pytest.fixture(scope="session")
def documented(bare_app: Flask) -> dict[str, Any]:
    """What the document says of each address: the same in every test, and long."""
    found: dict[str, Any] = document_of(bare_app)["paths"]
    return found


@pytest.fixture
def program(client: FlaskClient, cast: Cast, documented: dict[str, Any]) -> Callable[..., Program]:
    """Make a script for one of the cast, that may read and write unless said otherwise."""

    def make(name: str, *scopes: str) -> Program:
        user: User = getattr(cast, name)
        _row, plain = tokens.issue(user.id, name="script", scopes=scopes or ("read", "write"), days=9, now=utcnow())
        return Program(client, plain, documented)

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
