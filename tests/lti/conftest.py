"""What tests of learning platforms have in common."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from models import LtiPlatform
from tests.factories import Cast
from tests.lti.launching import Launcher, register
from tests.lti.platform import Platform


@pytest.fixture(scope="module")
def listening() -> Iterator[Platform]:
    """A platform that listens, once a module."""
    made = Platform()
    yield made
    made.close()


@pytest.fixture
def platform(listening: Platform) -> Platform:
    """The platform as each test finds it."""
    fresh = Platform.__dataclass_fields__
    listening.keys, listening.seen = fresh["keys"].default_factory(), []  # type: ignore[misc]  # it has one
    listening.answer = lambda _platform, _request: None
    return listening


@pytest.fixture
def registered(app: Flask, cast: Cast, platform: Platform, monkeypatch: pytest.MonkeyPatch) -> LtiPlatform:
    """The platform's registration, on a site that may call loopback."""
    settings = app.extensions["yurt"].model_copy(update={"call_private_addresses": True})
    monkeypatch.setitem(app.extensions, "yurt", settings)
    return register(platform)


@pytest.fixture
def launcher(app: Flask, client: FlaskClient, registered: LtiPlatform, platform: Platform) -> Launcher:
    """A browser on the platform."""
    return Launcher(app, client, platform)
