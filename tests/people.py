"""People at a browser without JavaScript, and programs with their tokens: signing in, and asking as somebody."""

import re
from typing import Any

from flask.testing import FlaskClient

from tests.factories import PASSWORD

TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')


def token(client: FlaskClient, path: str = "") -> str:
    """Return the CSRF token of the session: as open pages ask for it, or as it stands on a page."""
    if not path and (of_somebody := client.get("/session").get_json()["csrf_token"]):
        return str(of_somebody)
    path = path or "/courses"
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
