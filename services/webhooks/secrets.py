"""The secrets of webhooks, and the signatures of what is sent: Standard Webhooks 1.0, symmetric (`v1`).

A secret follows from the site's SECRET_KEY and a salt that its webhook has, so that a copy of the database forges
nothing. It is shown once. What is sent while a secret is being replaced has the signatures of both.
"""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from models import Webhook

# The specification's prefix, so that a secret is known where it leaks.
PREFIX = "whsec_"
VERSION = "v1"
# For how long the secret before signs as well.
OVERLAP = timedelta(hours=24)


def new_salt() -> str:
    """Return a salt that no webhook has had."""
    return secrets.token_urlsafe(24)


def of(site_key: str, salt: str) -> bytes:
    """Return the secret of a salt: 32 bytes."""
    return hmac.new(site_key.encode(), f"yurt webhook {salt}".encode(), hashlib.sha256).digest()


def shown(secret: bytes) -> str:
    """Return a secret as its receiver configures it."""
    return PREFIX + base64.b64encode(secret).decode()


def active(webhook: Webhook, site_key: str, now: datetime) -> list[bytes]:
    """Return the secrets that sign now, the newest first."""
    salts = [webhook.salt]
    if webhook.old_salt is not None and webhook.old_salt_until is not None and now < webhook.old_salt_until:
        salts.append(webhook.old_salt)
    return [of(site_key, salt) for salt in salts]


def headers(keys: list[bytes], message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """Return the headers by which a receiver knows the message, when it was sent, and that it comes from here."""
    seconds = str(int(at.timestamp()))
    signed = b".".join((message_id.encode(), seconds.encode(), body))
    signatures = (base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode() for key in keys)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": seconds,
        "webhook-signature": " ".join(f"{VERSION},{signature}" for signature in signatures),
    }
