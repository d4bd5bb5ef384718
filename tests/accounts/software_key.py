"""A passkey in software: answers what a browser would, or what somebody forges (W3C Web Authentication, level 3)."""

import hashlib
import json
import os
import struct
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from flask.testing import FlaskClient
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

from tests.people import token

ORIGIN = "http://localhost"
PRESENT, VERIFIED, ATTESTED = 1, 4, 64


@dataclass
class SoftwareKey:
    """A device with one key."""

    origin: str = ORIGIN
    is_verifying: bool = True
    count: int = 0
    handle: str = ""
    id: bytes = field(default_factory=lambda: os.urandom(32))
    private: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def create(self, options: dict[str, Any]) -> str:
        """Answer to a wish for a new key."""
        self.handle = options["user"]["id"]
        numbers = self.private.public_key().public_numbers()
        public = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        attested = bytes(16) + struct.pack(">H", len(self.id)) + self.id + cbor2.dumps(public)
        data = self._data(options["rp"]["id"], ATTESTED) + attested
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer(
            {
                "clientDataJSON": self._client_data("webauthn.create", options["challenge"]),
                "attestationObject": bytes_to_base64url(attestation),
                "transports": ["internal", "no such transport"],
            }
        )

    def get(self, options: dict[str, Any]) -> str:
        """Answer to a wish to see the key."""
        self.count += 1
        told = self._client_data("webauthn.get", options["challenge"])
        data = self._data(options["rpId"], 0)
        signed = data + hashlib.sha256(base64url_to_bytes(told)).digest()
        signature = self.private.sign(signed, ec.ECDSA(hashes.SHA256()))
        return self._answer(
            {
                "clientDataJSON": told,
                "authenticatorData": bytes_to_base64url(data),
                "signature": bytes_to_base64url(signature),
                "userHandle": self.handle,
            }
        )

    def _client_data(self, kind: str, challenge: str) -> str:
        told = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return bytes_to_base64url(json.dumps(told).encode())

    def _data(self, host: str, flags: int) -> bytes:
        flags |= PRESENT | (VERIFIED if self.is_verifying else 0)
        return hashlib.sha256(host.encode()).digest() + struct.pack(">BI", flags, self.count)

    def _answer(self, response: dict[str, Any]) -> str:
        name = bytes_to_base64url(self.id)
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response})


def ask(client: FlaskClient, path: str) -> dict[str, Any]:
    """Ask the site what to ask the browser for."""
    visitors = "/login/second" if path.startswith("/login/second") else "/login"
    csrf = token(client, visitors if path.startswith("/login") else "")
    response = client.post(f"{path}/options", headers={"X-CSRFToken": csrf, "Accept": "application/json"})
    assert response.status_code == 200, response.text
    asked: dict[str, Any] = response.get_json()
    return asked


def send(client: FlaskClient, path: str, credential: str, **form: str) -> Any:
    """Send the form that a page's script filled in."""
    visitors = "/login/second" if path.startswith("/login/second") else "/login"
    csrf = token(client, visitors if path.startswith("/login") else "")
    return client.post(path, data={**form, "credential": credential, "csrf_token": csrf})


def add_key(client: FlaskClient, key: SoftwareKey | None = None, name: str = "Phone") -> SoftwareKey:
    """Add a key to the account that is signed in."""
    key = key or SoftwareKey()
    path = "/account/factors/passkeys"
    added = send(client, path, key.create(ask(client, path)), name=name)
    assert added.status_code in (200, 302)
    return key
