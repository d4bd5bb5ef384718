"""A learning platform on loopback: it shows its keys, signs what a test has it say, and keeps what tools send it.

It signs with `cryptography` itself, not with the library that reads it on our side.
"""

import base64
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
LEARNER = "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"
INSTRUCTOR = "http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor"
HELPER = "http://purl.imsglobal.org/vocab/lis/v2/membership/Instructor#TeachingAssistant"


def packed(data: bytes) -> str:
    """Return base64 for addresses, without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value: int) -> str:
    """Return a number as a key set has it."""
    return packed(value.to_bytes((value.bit_length() + 7) // 8, "big"))


class Pair:
    """A pair of keys under a name."""

    def __init__(self, kid: str, bits: int = 2048) -> None:
        self.kid = kid
        self.private = rsa.generate_private_key(public_exponent=65537, key_size=bits)

    def shown(self, **more: Any) -> dict[str, Any]:
        """Return the public half as a key set has it."""
        numbers = self.private.public_key().public_numbers()
        return {"kty": "RSA", "kid": self.kid, "n": number(numbers.n), "e": number(numbers.e), **more}

    def pem(self) -> bytes:
        """Return the public half as everybody may read it."""
        return self.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def sign(self, claims: Any, header: dict[str, Any] | None = None) -> str:
        """Sign by RS256."""
        said = signed_part({"alg": "RS256", "typ": "JWT", "kid": self.kid, **(header or {})}, claims)
        return f"{said}.{packed(self.private.sign(said.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def signed_part(header: dict[str, Any], claims: Any) -> str:
    """Return what a signature is made over."""
    return ".".join(packed(json.dumps(part).encode()) for part in (header, claims))


def by_secret(claims: Any, secret: bytes, kid: str) -> str:
    """Sign by HS256: with what everybody can read, that is anybody's signature."""
    said = signed_part({"alg": "HS256", "typ": "JWT", "kid": kid}, claims)
    made = hmac.HMAC(secret, hashes.SHA256())
    made.update(said.encode())
    return f"{said}.{packed(made.finalize())}"


KEYS = Pair("key-1")
OTHER_KEYS = Pair("key-1")


@dataclass
class Request:
    """What a tool has sent."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes


@dataclass
class Platform:
    """A platform at an address of its own; `answers` are what it says at its paths, in turn or for ever."""

    keys: list[dict[str, Any]] = field(default_factory=lambda: [KEYS.shown(alg="RS256", use="sig")])
    seen: list[Request] = field(default_factory=list)
    answer: Callable[["Platform", Request], tuple[int, dict[str, str], Any] | None] = lambda _platform, _request: None

    def __post_init__(self) -> None:
        platform = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer_any(self) -> None:
                parts = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = Request(self.command, parts.path, parse_qs(parts.query), headers, body)
                platform.seen.append(request)
                status, more, said = platform.answer(platform, request) or platform.say(request)
                content = said if isinstance(said, bytes) else json.dumps(said).encode()
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", **more}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = answer_any

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def say(self, request: Request) -> tuple[int, dict[str, str], Any]:
        """Return what a platform says where a test has nothing of its own."""
        if request.path == "/keys":
            return 200, {}, {"keys": self.keys}
        if request.path == "/token":
            return 200, {}, {"access_token": "a-token", "token_type": "Bearer", "expires_in": 3600}
        return 404, {}, {}

    def asked(self, path: str) -> list[Request]:
        """Return what was sent to a path."""
        return [request for request in self.seen if request.path == path]

    def close(self) -> None:
        """Close it."""
        self.server.shutdown()
        self.server.server_close()
