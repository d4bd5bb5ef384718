"""The keys that badges are signed with: made when the first one is needed, sealed with the site's secret.

RS256, which every reader of Open Badges has to know (Open Badges 3.0, 8.2: other algorithms limit who can check).
"""

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from joserfc import jwt
from joserfc.jwk import RSAKey
from sqlalchemy import func, select, update

from extensions import db
from models import SigningKey

ALGORITHM = "RS256"
BITS = 2048


@dataclass(frozen=True)
class Signer:
    """Signs what the site says."""

    kid: str
    key: RSAKey

    def sign(self, claims: dict[str, Any], *, address: str) -> str:
        """Return the claims as a JWT; at `address` everybody finds the key that checks it."""
        header = {"alg": ALGORITHM, "typ": "JWT", "kid": address}
        return str(jwt.encode(header, claims, self.key, algorithms=[ALGORITHM]))


def signer(secret: str, *, now: datetime) -> Signer:
    """Return who signs now; where the secret is another one than the key's, a new key does from now on."""
    # One process makes a key, the others wait for it.
    db.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("signing-key", 0))))
    row = db.session.scalar(select(SigningKey).where(SigningKey.retired_at.is_(None)))
    if row is not None:
        try:
            return Signer(row.kid, RSAKey.import_key(_sealer(secret).decrypt(row.private.encode())))
        except InvalidToken:
            db.session.execute(update(SigningKey).where(SigningKey.kid == row.kid).values(retired_at=now))
    key = RSAKey.generate_key(BITS)
    kid = key.thumbprint()
    sealed = _sealer(secret).encrypt(key.as_pem(private=True)).decode()
    public = {**key.as_dict(private=False), "kid": kid, "use": "sig", "alg": ALGORITHM}
    db.session.add(SigningKey(kid=kid, private=sealed, public=public, made_at=now))
    db.session.flush()
    return Signer(kid, key)


def _sealer(secret: str) -> Fernet:
    derived = hashlib.sha256(b"yurt signing keys\0" + secret.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(derived))
