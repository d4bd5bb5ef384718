"""Our own keys: with the newest we sign, and all that platforms may still ask for are shown.

A retired key is shown for a while, because what it signed is under way, and because platforms keep what they have read.
"""

from datetime import datetime, timedelta
from typing import Any

from joserfc.jwk import RSAKey
from sqlalchemy import delete, func, select, update

from extensions import db
from models import LtiKey
from services import audit

SHOWN_FOR = timedelta(days=7)
BITS = 2048


def signing(*, now: datetime) -> RSAKey:
    """Return the key to sign with; the first time it is made."""
    key = db.session.scalar(_newest())
    if key is None:
        # Of two that ask first, one makes it.
        db.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("lti_keys", 0))))
        key = db.session.scalar(_newest()) or _make(now)
    return RSAKey.import_key(key.pair)


def rotate(*, now: datetime) -> LtiKey:
    """Sign with a new key from now on; the ones before are shown for SHOWN_FOR more."""
    db.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("lti_keys", 0))))
    db.session.execute(update(LtiKey).where(LtiKey.retired_at.is_(None)).values(retired_at=now))
    db.session.execute(delete(LtiKey).where(LtiKey.retired_at < now - SHOWN_FOR))
    key = _make(now)
    audit.note("platform.key_made", None, kid=key.kid)
    return key


def shown(*, now: datetime) -> dict[str, Any]:
    """Return the set of public keys that platforms read."""
    signing(now=now)
    keys = db.session.scalars(
        select(LtiKey).where((LtiKey.retired_at.is_(None)) | (LtiKey.retired_at >= now - SHOWN_FOR)).order_by(LtiKey.id)
    )
    return {"keys": [RSAKey.import_key(key.pair).as_dict(private=False) for key in keys]}


def _newest() -> Any:
    return select(LtiKey).where(LtiKey.retired_at.is_(None)).order_by(LtiKey.id.desc()).limit(1)


def _make(now: datetime) -> LtiKey:
    pair = RSAKey.generate_key(BITS, parameters={"use": "sig", "alg": "RS256"}, auto_kid=True)
    key = LtiKey(kid=pair.kid, pair=pair.as_dict(private=True), made_at=now)
    db.session.add(key)
    db.session.flush()
    return key
