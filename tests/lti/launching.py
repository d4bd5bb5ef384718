"""How a browser without JavaScript comes from a platform: begun there, signed there, and sent back by a form."""

import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Flask
from flask.testing import FlaskClient

from models import LtiPlatform
from services.lti import platforms
from services.outbound import Outbound
from tests.lti.platform import CLAIM, KEYS, LEARNER, Platform

ISSUER, CLIENT = "https://moodle.example.edu", "yurt-client"
DEPLOYMENT, CONTEXT = "1", "course-7"


def register(platform: Platform, **changes: Any) -> LtiPlatform:
    """Register the platform as an administrator would."""
    values = {
        "name": "Moodle",
        "issuer": ISSUER,
        "client_id": CLIENT,
        "deployments": [DEPLOYMENT],
        "auth_url": f"{platform.url}/auth",
        "token_url": f"{platform.url}/token",
        "keys_url": f"{platform.url}/keys",
        **changes,
    }
    return platforms.put(None, values, Outbound(may_private=True))


@dataclass
class Launcher:
    """A browser, and what the platform says of who sits there."""

    app: Flask
    client: FlaskClient
    platform: Platform

    def begin(self, target: str = "/lti/launch", **asked: Any) -> Any:
        """Open a link on the platform; return the answer, which leads back to the platform."""
        said = {"iss": ISSUER, "client_id": CLIENT, "login_hint": "4711", "lti_message_hint": "m"}
        public_url = self.app.extensions["yurt"].public_url
        return self.client.post("/lti/login", data={**said, "target_link_uri": f"{public_url}{target}", **asked})

    def begun(self, **asked: Any) -> dict[str, str]:
        """Begin, and return what the platform is asked."""
        response = self.begin(**asked)
        assert response.status_code == 303, response.text
        return {name: values[0] for name, values in parse_qs(urlsplit(response.location).query).items()}

    def claims(self, fresh: str, **changes: Any) -> dict[str, Any]:
        """Return what a platform says of a student; a change to None leaves a claim out."""
        now = int(time.time())
        said = {
            "iss": ISSUER,
            "aud": CLIENT,
            "sub": "user-1",
            "exp": now + 300,
            "iat": now,
            "nonce": fresh,
            "name": "Erin Example",
            "email": "erin@example.org",
            f"{CLAIM}version": "1.3.0",
            f"{CLAIM}message_type": "LtiResourceLinkRequest",
            f"{CLAIM}deployment_id": DEPLOYMENT,
            f"{CLAIM}target_link_uri": f"{self.app.extensions['yurt'].public_url}/lti/launch",
            f"{CLAIM}resource_link": {"id": "link-1", "title": "A link"},
            f"{CLAIM}context": {"id": CONTEXT, "title": "Shell 7b"},
            f"{CLAIM}roles": [LEARNER],
        }
        return {name: value for name, value in {**said, **changes}.items() if value is not None}

    def send(self, state: str, token: str) -> Any:
        """Send what the platform signed."""
        return self.client.post("/lti/launch", data={"state": state, "id_token": token})

    def launch(self, **changes: Any) -> Any:
        """Do all of it; return the page that the browser ends at."""
        asked = self.begun()
        arrived = self.send(asked["state"], KEYS.sign(self.claims(asked["nonce"], **changes)))
        if arrived.status_code != 303:
            return arrived
        return self.client.get(arrived.location)
