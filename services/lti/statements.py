"""Reads what a platform says of a launch; nothing is believed before the signature and all that must fit were seen.

By RFC 7519, OpenID Connect Core 3.1.3.7 and the Security Framework 1.0 of 1EdTech. Only RS256 is taken: `none` and the
algorithms of shared secrets would let anybody sign with what everybody can read.
"""

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from models import LtiPlatform
from reasons import Code
from services.lti.refusals import LtiRefused
from services.lti.vocabulary import CLAIM, PICK, RESOURCE, VERSION

ALGORITHM = "RS256"
MOST_CHARS = 50_000
# Clocks of two sites differ by less; a statement is fresh that was made for this launch.
SKEW = timedelta(seconds=60)
LONGEST_LIFE = timedelta(hours=1)


def read(
    token: str, platform: LtiPlatform, key_of: Callable[[str | None], RSAKey], *, nonce: str, now: datetime
) -> dict[str, Any]:
    """Return the claims of a signed statement; raise LtiRefused with the first thing that is wrong with it."""
    if len(token) > MOST_CHARS:
        raise LtiRefused(Code.LTI_TOKEN_UNREADABLE)
    header = _header(token)
    if header.get("alg") != ALGORITHM:
        raise LtiRefused(Code.LTI_ALGORITHM, algorithm=str(header.get("alg"))[:40])
    kid = header.get("kid")
    key = key_of(kid if isinstance(kid, str) else None)
    try:
        payload = jws.deserialize_compact(token.encode("ascii"), key, algorithms=[ALGORITHM]).payload
    except (JoseError, ValueError, TypeError) as error:
        raise LtiRefused(Code.LTI_SIGNATURE) from error
    try:
        claims = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise LtiRefused(Code.LTI_TOKEN_UNREADABLE) from error
    if not isinstance(claims, dict):
        raise LtiRefused(Code.LTI_TOKEN_UNREADABLE)
    _for_us(claims, platform)
    _in_time(claims, now)
    if claims.get("nonce") != nonce:
        raise LtiRefused(Code.LTI_NONCE)
    _of_lti(claims, platform)
    return claims


def _header(token: str) -> dict[str, Any]:
    """Return what a statement says of its signature, which nobody has signed: it chooses among what we take."""
    parts = token.split(".")
    try:
        header = json.loads(urlsafe_b64decode(parts[0].encode("ascii") + b"==")) if len(parts) == 3 else None
    except (ValueError, RecursionError) as error:
        raise LtiRefused(Code.LTI_TOKEN_UNREADABLE) from error
    # What `crit` names would have to be understood (RFC 7515, 4.1.11).
    if not isinstance(header, dict) or "crit" in header:
        raise LtiRefused(Code.LTI_TOKEN_UNREADABLE)
    return header


def _for_us(claims: Mapping[str, Any], platform: LtiPlatform) -> None:
    """Say by whom, and for whom, it is."""
    if claims.get("iss") != platform.issuer:
        raise LtiRefused(Code.LTI_ISSUER)
    audience = claims.get("aud")
    meant = audience if isinstance(audience, list) else [audience]
    party = claims.get("azp")
    is_ours = platform.client_id in meant
    if not is_ours or (party is not None and party != platform.client_id) or (len(meant) > 1 and party is None):
        raise LtiRefused(Code.LTI_AUDIENCE)


def _in_time(claims: Mapping[str, Any], now: datetime) -> None:
    at = now.timestamp()
    times = {name: claims.get(name) for name in ("exp", "iat", "nbf")}
    for name, value in times.items():
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number and not (name == "nbf" and value is None):
            raise LtiRefused(Code.LTI_CLAIM, claim=name)
    skew = SKEW.total_seconds()
    try:
        expires, made, begins = (float(times[name] or 0) for name in ("exp", "iat", "nbf"))
    except OverflowError as error:
        raise LtiRefused(Code.LTI_CLAIM, claim="exp") from error
    if not at < expires + skew or not at - made < LONGEST_LIFE.total_seconds():
        raise LtiRefused(Code.LTI_EXPIRED)
    if not made <= at + skew or not begins <= at + skew:
        raise LtiRefused(Code.LTI_EARLY)


def _of_lti(claims: Mapping[str, Any], platform: LtiPlatform) -> None:
    if claims.get(f"{CLAIM}version") != VERSION:
        raise LtiRefused(Code.LTI_CLAIM, claim="version")
    if claims.get(f"{CLAIM}message_type") not in (RESOURCE, PICK):
        raise LtiRefused(Code.LTI_CLAIM, claim="message_type")
    if claims.get(f"{CLAIM}deployment_id") not in platform.deployments:
        raise LtiRefused(Code.LTI_DEPLOYMENT)
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 1 <= len(subject) <= 255:
        raise LtiRefused(Code.LTI_NOBODY)
