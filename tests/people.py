"""People at a browser without JavaScript, and programs with their tokens: signing in, and asking as somebody."""

import re
from datetime import UTC, datetime
from typing import Any

from flask.testing import FlaskClient

from models import User
from services.accounts import tokens
from tests.factories import PASSWORD, Cast

TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')


def token(client: FlaskClient, path: str = "/courses") -> str:
    """Return the CSRF token of the session."""
    found = TOKEN.search(client.get(path).text)
    assert found, f"{path} has no CSRF token"
    return found.group(1)


def sign_in(client: FlaskClient, name: str, password: str = PASSWORD) -> Any:
    """Sign in as one of the cast; return the response."""
    form = {"email": f"{name}@example.org", "password": password, "csrf_token": token(client, "/login")}
    return client.post("/login", data=form)


def post(client: FlaskClient, path: str, **form: Any) -> Any:
    """Send a form with its token."""
    return client.post(path, data={**form, "csrf_token": token(client)})


def put_json(client: FlaskClient, path: str, body: Any) -> Any:
    """Send JSON as a page's script does."""
    return client.put(path, json=body, headers={"X-CSRFToken": token(client)})


def ask(client: FlaskClient, cast: Cast, role: str, method: str, address: str, body: dict[str, Any]) -> int:
    """Ask as `role`: with a session and its CSRF token on pages, with a bearer token on the API."""
    if address.startswith("/api/"):
        headers = {}
        if role != "nobody":
            user: User = getattr(cast, role)
            _row, plain = tokens.issue(user.id, name="table", scopes=tokens.SCOPES, days=9, now=datetime.now(UTC))
            headers["Authorization"] = f"Bearer {plain}"
        json = body if method in ("POST", "PUT") and body else None
        return client.open(address, method=method, headers=headers, json=json).status_code
    if role != "nobody":
        assert sign_in(client, role).status_code == 302
    if method == "GET":
        return client.get(address).status_code
    headers = {"X-CSRFToken": token(client)}
    if method == "PUT":
        return client.put(address, json=body, headers=headers).status_code
    return client.open(address, method=method, data=body, headers=headers).status_code
