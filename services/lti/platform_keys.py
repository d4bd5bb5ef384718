"""The public keys of platforms: read where they show them, kept, and read again where a statement names an unknown one.

Nobody has us read as often as they like: after each read, whatever came of it, a platform is left alone for a while.
"""

from base64 import urlsafe_b64decode
from datetime import datetime, timedelta
from typing import Any

import structlog
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from sqlalchemy import or_, update

from extensions import db
from models import LtiPlatform
from reasons import Code
from services.lti.refusals import LtiRefused
from services.outbound import CallFailed, Outbound

GOOD_FOR = timedelta(hours=12)
AGAIN_AFTER = timedelta(seconds=20)
MOST_BYTES, MOST_KEYS = 100_000, 50
LEAST_BITS = 2048

log = structlog.get_logger("yurt.lti")


def key(platform: LtiPlatform, kid: str | None, outbound: Outbound, *, now: datetime) -> RSAKey:
    """Return the platform's key of that name; raise LtiRefused. The call goes out between two transactions."""
    found = _choose(platform.key_set, kid)
    is_good = platform.keys_read_at is not None and now - platform.keys_read_at < GOOD_FOR
    if found is not None and is_good:
        return found
    if _take_turn(platform.id, now):
        platform_id, url = platform.id, platform.keys_url
        db.session.commit()
        key_set = _read(url, outbound)
        if key_set is not None:
            db.session.execute(
                update(LtiPlatform)
                .where(LtiPlatform.id == platform_id, LtiPlatform.keys_url == url)
                .values(key_set=key_set, keys_read_at=now)
            )
            db.session.commit()
        db.session.refresh(platform)
        found = _choose(platform.key_set, kid)
    if found is None:
        raise LtiRefused(Code.LTI_KEYS_UNREAD if platform.key_set is None else Code.LTI_KEY_UNKNOWN)
    # A platform that doesn't answer for a while is still known by what it showed.
    return found


def _take_turn(platform_id: int, now: datetime) -> bool:
    is_free = or_(LtiPlatform.keys_tried_at.is_(None), LtiPlatform.keys_tried_at < now - AGAIN_AFTER)
    turn = update(LtiPlatform).where(LtiPlatform.id == platform_id, is_free).values(keys_tried_at=now)
    return bool(db.session.execute(turn.returning(LtiPlatform.id)).all())


def _read(url: str, outbound: Outbound) -> dict[str, Any] | None:
    try:
        answer = outbound.call("GET", url, headers={"Accept": "application/json"}, most=MOST_BYTES)
        keys = answer.json()["keys"] if answer.status == 200 else None
    except CallFailed as error:
        log.warning("the keys of a platform can't be read", url=url, why=error.why)
        return None
    except (ValueError, KeyError, TypeError):
        keys = None
    if not isinstance(keys, list):
        log.warning("a platform shows no keys", url=url)
        return None
    return {"keys": [each for each in keys if _is_fit(each)][:MOST_KEYS]}


def _is_fit(each: Any) -> bool:
    """Say whether this is a public key for signatures by RS256: nothing else is ever tried on what a platform says."""
    if not isinstance(each, dict) or each.get("kty") != "RSA" or each.get("use", "sig") != "sig":
        return False
    if each.get("alg", "RS256") != "RS256" or "d" in each or not isinstance(each.get("kid"), str):
        return False
    try:
        modulus = urlsafe_b64decode(f"{each['n']}==").lstrip(b"\0")
        return len(modulus) * 8 >= LEAST_BITS and RSAKey.import_key(each) is not None
    except (JoseError, KeyError, ValueError, TypeError):
        return False


def _choose(key_set: dict[str, Any] | None, kid: str | None) -> RSAKey | None:
    keys = (key_set or {}).get("keys", [])
    named = [each for each in keys if each["kid"] == kid]
    return RSAKey.import_key(named[0]) if named else None
