"""A provider of sign-on on this machine that says whatever a test has it say: forged, old, for somebody else.

A provider that is as it should be stands in provider.mjs.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

CLIENT, SECRET = "yurt", "a secret: of the client"


def new_key(kind: str = "EC") -> Any:
    """Make a key of the provider."""
    parameters = {"kid": secrets.token_hex(4), "use": "sig"}
    if kind == "EC":
        return ECKey.generate_key("P-256", parameters)
    return RSAKey.generate_key(2048, parameters) if kind == "RSA" else OctKey.import_key(SECRET, parameters)


@dataclass
class Loopback:
    """What it says, and what it was asked."""

    url: str = ""
    key: Any = field(default_factory=new_key)
    shown: list[Any] | None = None
    alg: str = "ES256"
    claims: dict[str, Any] = field(default_factory=dict)
    # Parts of the description, of the token's answer and of the userinfo that a test changes.
    described: dict[str, Any] = field(default_factory=dict)
    tokens: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def description(self) -> dict[str, Any]:
        """Describe it (OpenID Connect Discovery 1.0)."""
        at = {name: f"{self.url}/{name}" for name in ("authorize", "token", "jwks", "userinfo")}
        return {
            "issuer": self.url,
            "authorization_endpoint": at["authorize"],
            "token_endpoint": at["token"],
            "jwks_uri": at["jwks"],
            "id_token_signing_alg_values_supported": ["ES256", "RS256"],
            **self.described,
        }

    def keys(self) -> dict[str, Any]:
        """Show its keys."""
        keys = KeySet(self.shown if self.shown is not None else [self.key])
        shown: dict[str, Any] = keys.as_dict(private=False)
        return shown

    def agree(self, there: str, **further: str) -> str:
        """Be where a browser was led, and its person agree; return where it is led back to."""
        asked = dict(parse_qsl(urlsplit(there).query))
        code = secrets.token_urlsafe(8)
        self.codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state'], **further})}"

    def answer(self, form: dict[str, list[str]], header: str) -> tuple[int, dict[str, Any]]:
        """Turn a code into tokens, once, for the client that has its verifier."""
        asked = self.codes.pop(form["code"][0], None)
        is_client = (
            header == f"Basic {base64.b64encode(f'{CLIENT}:a%20secret%3A%20of%20the%20client'.encode()).decode()}"
        )
        digest = hashlib.sha256(form["code_verifier"][0].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if asked is None or not is_client or asked["code_challenge"] != challenge:
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {
            "iss": self.url,
            "sub": "erin-1",
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "auth_time": now,
            "nonce": asked["nonce"],
            "email": "erin@school.example",
            "email_verified": True,
            "name": "Erin Example",
            **self.claims,
        }
        said = {name: value for name, value in claims.items() if value is not None}
        return 200, {"access_token": "opaque", "token_type": "Bearer", "id_token": self.sign(said), **self.tokens}

    def sign(self, claims: dict[str, Any]) -> str:
        """Sign claims as it was told to."""
        if self.alg == "none":
            parts = [{"alg": "none"}, claims]
            return (
                ".".join(base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=").decode() for each in parts)
                + "."
            )
        return jwt.encode({"alg": self.alg, "kid": self.key.kid}, claims, self.key, algorithms=[self.alg])


class Handler(BaseHTTPRequestHandler):
    """Answers in JSON."""

    provider: Loopback

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self.provider.calls.append(path)
        if path == "/authorize":
            self.send_response(302)
            self.send_header("Location", self.provider.agree(self.path))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        answers = {
            "/.well-known/openid-configuration": self.provider.description,
            "/jwks": self.provider.keys,
            "/userinfo": lambda: self.provider.userinfo,
        }
        self._send(200, answers[path]())

    def do_POST(self) -> None:
        self.provider.calls.append("/token")
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self._send(*self.provider.answer(form, self.headers.get("Authorization", "")))

    def _send(self, status: int, said: dict[str, Any]) -> None:
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""


def start() -> tuple[Loopback, ThreadingHTTPServer]:
    """Start a provider on a free port."""
    provider = Loopback()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Own", (Handler,), {"provider": provider}))
    provider.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return provider, server
