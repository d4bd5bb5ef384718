"""An authenticator app: the codes of a key by RFC 6238, computed apart from what is tested; and a clock to turn."""

import base64
import hashlib
import hmac
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.people import post, token

KEY = re.compile(r'<code class="address">([A-Z2-7-]+)</code>')
SETUP = re.compile(r'name="setup" type="hidden" value="([^"]+)"')
RECOVERY = re.compile(r"<li><code>([a-z0-9-]+)</code></li>")
PAGE = "/account/factors/authenticator"


def code_at(key: str, at: float) -> str:
    """Return the code that an app with this key shows at a time."""
    secret = base64.b32decode(key.replace("-", "") + "=" * (-len(key.replace("-", "")) % 8))
    digest = hmac.digest(secret, struct.pack(">Q", int(at) // 30), hashlib.sha1)
    number = struct.unpack(">I", digest[digest[-1] & 15 :][:4])[0] & 0x7FFFFFFF
    return f"{number % 10**6:06}"


@dataclass
class Clock:
    """The time by which the site checks codes."""

    at: float = 1_800_000_000.0

    def turn(self, seconds: float = 30) -> None:
        """Let time pass."""
        self.at += seconds


@pytest.fixture
def clock(app: Flask) -> Iterator[Clock]:
    """A clock of the site's codes that stands still."""
    made, totp = Clock(), app.extensions["yurt_codes"]._totp
    before = totp.now
    totp.now = staticmethod(lambda: made.at)
    yield made
    totp.now = staticmethod(before)


@dataclass
class App:
    """An authenticator app that was added to somebody's account, and the recovery codes that came with it."""

    key: str
    clock: Clock
    recovery: list[str]

    def code(self) -> str:
        """Return a code that wasn't used yet."""
        self.clock.turn()
        return code_at(self.key, self.clock.at)


def begin(client: FlaskClient) -> tuple[str, str]:
    """Open the page that adds an app; return its key and the name of what has begun."""
    page = client.get(PAGE).text
    return KEY.search(page)[1], SETUP.search(page)[1]


def add_app(client: FlaskClient, clock: Clock) -> App:
    """Add an authenticator app to the account that is signed in."""
    key, setup = begin(client)
    page = post(client, PAGE, setup=setup, factor_code=code_at(key, clock.at))
    assert page.status_code in (200, 302), page.text
    return App(key, clock, RECOVERY.findall(page.text))


def second_step(client: FlaskClient, code: str) -> Any:
    """Send a code on the page of the second step."""
    return client.post("/login/second", data={"factor_code": code, "csrf_token": token(client, "/login/second")})


def who(client: FlaskClient) -> int | None:
    """Return who is signed in."""
    return client.get("/session").get_json()["user_id"]
