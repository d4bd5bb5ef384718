"""Calls to the services of a platform, with an access token that our signature gets (RFC 7523, by 1EdTech's Security
Framework 1.0)."""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.jwk import RSAKey

from models import LtiPlatform
from services.outbound import Answer, CallFailed, Outbound

ASSERTED_S, SPARE_S, LONGEST_S = 300, 60, 3600
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# What isn't a refusal for good: to be asked again, later.
PASSING = (401, 403, 408, 425, 429)


class Later(Exception):
    """The platform can't at the moment, or doesn't let us; `why` says it to operators, `wait_s` is what it asks for."""

    def __init__(self, why: str, wait_s: float | None = None) -> None:
        super().__init__(why)
        self.why, self.wait_s = why, wait_s


@dataclass(frozen=True)
class Platform:
    """What is needed of a platform to call it, so that no transaction is open meanwhile."""

    id: int
    client_id: str
    token_url: str

    @classmethod
    def of(cls, row: LtiPlatform) -> "Platform":
        """Return what is needed of a platform's row."""
        return cls(row.id, row.client_id, row.token_url)


class Caller:
    """Calls platforms. Keeps access tokens in this process until shortly before they end."""

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound
        self._tokens: dict[tuple[Platform, str], tuple[str, float]] = {}

    def call(
        self,
        platform: Platform,
        scope: str,
        key: RSAKey,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        now: datetime,
    ) -> Answer:
        """Make one call; raise Later where it is to be made again, whatever the reason."""
        token = self._token(platform, scope, key, now)
        sent = {**headers, "Authorization": f"Bearer {token}"}
        answer = self._ask(method, url, headers=sent, body=body, now=now)
        if answer.status in (401, 403):
            self._tokens.pop((platform, scope), None)
        if answer.status in PASSING or answer.status >= 500:
            raise Later(f"status {answer.status}", answer.wait_s(now))
        return answer

    def _token(self, platform: Platform, scope: str, key: RSAKey, now: datetime) -> str:
        kept = self._tokens.get((platform, scope))
        if kept is not None and kept[1] > time.monotonic():
            return kept[0]
        at = int(now.timestamp())
        claims = {"iss": platform.client_id, "sub": platform.client_id, "aud": platform.token_url}
        times = {"iat": at, "exp": at + ASSERTED_S, "jti": secrets.token_urlsafe(16)}
        assertion = jwt.encode({"alg": "RS256", "kid": key.kid}, {**claims, **times}, key, algorithms=["RS256"])
        form = {"grant_type": "client_credentials", "client_assertion_type": JWT_BEARER}
        body = urlencode({**form, "client_assertion": assertion, "scope": scope}).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        answer = self._ask("POST", platform.token_url, headers=headers, body=body, now=now)
        said = _object(answer) if answer.status == 200 else {}
        token, seconds = said.get("access_token"), said.get("expires_in")
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise Later(f"no access token, status {answer.status}", answer.wait_s(now))
        lasts = min(seconds, LONGEST_S) if isinstance(seconds, int) else 0
        self._tokens[platform, scope] = token, time.monotonic() + lasts - SPARE_S
        return token

    def _ask(self, method: str, url: str, *, now: datetime, **options: Any) -> Answer:
        try:
            return self._outbound.call(method, url, **options)
        except CallFailed as error:
            raise Later(error.why) from error


def _object(answer: Answer) -> dict[str, Any]:
    try:
        said = answer.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
