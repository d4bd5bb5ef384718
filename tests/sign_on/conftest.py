"""Providers, and what the site is told of them."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from services.sign_on.clients import Client
from sign_on_settings import Provider
from tests.sign_on.loopback import CLIENT, SECRET, Loopback, start


@pytest.fixture
def provider() -> Iterator[Loopback]:
    """A provider that says what it is told to."""
    made, server = start()
    yield made
    server.shutdown()
    server.server_close()


@pytest.fixture
def trust(app: Flask) -> Iterator[Callable[..., Client]]:
    """Have the site know a provider."""
    known = app.extensions["yurt_sign_on"]

    def add(issuer: str, name: str = "school", **settings: Any) -> Client:
        values = {"title": name.title(), "issuer": issuer, "client_id": CLIENT, "client_secret": SECRET, **settings}
        known[name] = Client(Provider.model_validate({"name": name, **values}))
        return known[name]

    yield add
    known.clear()


def there(client: FlaskClient, path: str = "/sign-on/school") -> str:
    """Return where a browser is led."""
    led = client.get(path)
    assert led.status_code == 302, led.text
    return str(led.location)


def come_back(client: FlaskClient, address: str) -> Any:
    """Come back from a provider."""
    return client.get(address.removeprefix("http://localhost"))
