"""A provider of sign-on as it is called: its description, its keys, a code turned into what it says of a person.

A provider is an operator's choice, so it may be at a private address. Every call is bounded, and none is redirected.
Nothing here believes what comes: `statements.py` does, once it is verified.
"""

import base64
import json
import time
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from services.outbound import CallFailed, Outbound
from sign_on_settings import Provider

KEPT_S = 3600.0


class Denied(Exception):
    """Nobody is signed in. `why` is for logs: people are told that it didn't work."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Client:
    """What speaks to one provider. It keeps the description and the keys for an hour."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self._outbound = Outbound(may_private=True)
        self._described: tuple[float, dict[str, Any]] | None = None
        self._keys: tuple[float, KeySet] | None = None

    def described(self) -> dict[str, Any]:
        """Return what the provider says of itself (OpenID Connect Discovery 1.0); it must be who it was asked to be."""
        if self._described is None or self._described[0] < time.monotonic():
            found = self._get(f"{self.provider.issuer.rstrip('/')}/.well-known/openid-configuration")
            if found.get("issuer") != self.provider.issuer:
                raise Denied("the provider calls itself by another name")
            self._described = time.monotonic() + KEPT_S, found
        return self._described[1]

    def endpoint(self, name: str) -> str:
        """Return an address of the provider; with TLS where its own has."""
        address = self.described().get(name)
        scheme = urlsplit(self.provider.issuer).scheme
        if not isinstance(address, str) or urlsplit(address).scheme not in ("https", scheme):
            raise Denied(f"the provider has no {name} that can be used")
        return address

    def keys(self, *, anew: bool = False) -> KeySet:
        """Return the provider's keys; `anew` where a statement is signed by one that isn't among them."""
        if anew or self._keys is None or self._keys[0] < time.monotonic():
            try:
                found = KeySet.import_key_set(self._get(self.endpoint("jwks_uri")))  # type: ignore[arg-type]
            except (JoseError, ValueError, KeyError, TypeError) as error:
                raise Denied("the provider's keys can't be read") from error
            self._keys = time.monotonic() + KEPT_S, found
        return self._keys[1]

    def leading(self, back: str, *, state: str, nonce: str, verifier: str, is_again: bool) -> str:
        """Return where a browser goes to sign in; `is_again` asks for it anew, whoever is signed in there."""
        again = {"prompt": "login", "max_age": "0"} if is_again else {}
        return str(
            prepare_grant_uri(
                self.endpoint("authorization_endpoint"),
                self.provider.client_id,
                "code",
                redirect_uri=back,
                scope=self.provider.scopes,
                state=state,
                nonce=nonce,
                code_challenge=create_s256_code_challenge(verifier),
                code_challenge_method="S256",
                **again,
            )
        )

    def leaving(self, public_url: str) -> str | None:
        """Return where a browser goes to sign out there (OpenID Connect RP-Initiated Logout 1.0), if there is a way."""
        if "end_session_endpoint" not in self.described():
            return None
        where = {"client_id": self.provider.client_id, "post_logout_redirect_uri": f"{public_url.rstrip('/')}/"}
        return f"{self.endpoint('end_session_endpoint')}?{urlencode(where)}"

    def exchange(self, code: str, back: str, verifier: str) -> dict[str, Any]:
        """Return the tokens for a code (RFC 6749, 4.1.3, with RFC 7636)."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": back, "code_verifier": verifier}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        named, secret = self.provider.client_id, self.provider.client_secret
        ways = self.described().get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        if secret and "client_secret_basic" in ways:
            pair = f"{quote(named, safe='')}:{quote(secret, safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form["client_id"] = named
            if secret:
                form["client_secret"] = secret
        return self._call("POST", self.endpoint("token_endpoint"), headers, urlencode(form).encode())

    def userinfo(self, access_token: str) -> dict[str, Any]:
        """Return what else the provider says of who the access token is for."""
        return self._get(self.endpoint("userinfo_endpoint"), {"Authorization": f"Bearer {access_token}"})

    def _get(self, address: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
        return self._call("GET", address, headers or {}, None)

    def _call(self, method: str, address: str, headers: dict[str, str], body: bytes | None) -> dict[str, Any]:
        try:
            answer = self._outbound.call(method, address, headers={"Accept": "application/json", **headers}, body=body)
            found = answer.json()
        except CallFailed as error:
            raise Denied(f"the provider can't be reached: {error.why}") from error
        except (ValueError, json.JSONDecodeError) as error:
            raise Denied("the provider's answer isn't JSON") from error
        if answer.status != 200 or not isinstance(found, dict):
            raise Denied(f"the provider answered {answer.status}")
        return found
