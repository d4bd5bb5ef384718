"""What a provider says of a person, verified: signature, issuer, audience, time, nonce.

OpenID Connect Core 1.0, 3.1.3.7.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from services.accounts import addresses
from services.errors import InvalidInput
from services.sign_on.clients import Client, Denied

# Keys that only the provider has. A signature by the client's own secret would be one that whoever reads it could make.
ALGORITHMS = (
    ("RS256", "RS384", "RS512") + ("PS256", "PS384", "PS512") + ("ES256", "ES384", "ES512") + ("EdDSA", "Ed25519")
)
# Two clocks may differ by so much; a statement is fetched as soon as it is made.
LEEWAY_S = 60
OLDEST_S = 600
MAX_SUBJECT = 255


@dataclass(frozen=True)
class Statement:
    """Who somebody is at a provider. `email` is one that the provider vouches for, or None."""

    issuer: str
    subject: str
    email: str | None
    name: str
    zone: str
    claims: Mapping[str, Any]


def verified(client: Client, tokens: Mapping[str, Any], *, nonce: str, now: float, since: float | None) -> Statement:
    """Return what an answer of the token endpoint says; Denied where anything of it isn't as it must be.

    `since` is from when on the person must have shown who they are; None: whenever.
    """
    id_token, access = tokens.get("id_token"), tokens.get("access_token")
    if not isinstance(id_token, str) or len(id_token) > 100_000:
        raise Denied("there is no ID token")
    claims = _claims(client, id_token, access if isinstance(access, str) else None, nonce, now)
    shown_at = claims.get("auth_time")
    if since is not None and (not isinstance(shown_at, (int, float)) or shown_at < since - LEEWAY_S):
        raise Denied("the person didn't sign in anew")
    if not claims.get("email") and isinstance(access, str) and "userinfo_endpoint" in client.described():
        further = client.userinfo(access)
        if further.get("sub") != claims["sub"]:
            raise Denied("the userinfo is of somebody else")
        claims = {**further, **claims}
    return Statement(
        # Named with the way it is trusted (models/outside_identity.py).
        issuer=f"oidc:{client.provider.issuer}",
        subject=claims["sub"],
        email=_address(client, claims),
        name=_text(claims.get("name")) or _text(claims.get("preferred_username")),
        zone=_text(claims.get("zoneinfo")),
        claims=claims,
    )


def _claims(client: Client, id_token: str, access: str | None, nonce: str, now: float) -> dict[str, Any]:
    """Return the claims of an ID token that is right."""
    told = client.described().get("id_token_signing_alg_values_supported") or ["RS256"]
    algorithms = [each for each in ALGORITHMS if each in told]
    try:
        try:
            token = jwt.decode(id_token, _signing(client.keys()), algorithms=algorithms)
        except (JoseError, ValueError):
            # The provider may have changed its keys.
            token = jwt.decode(id_token, _signing(client.keys(anew=True)), algorithms=algorithms)
        named = client.provider.client_id
        claims = CodeIDToken(
            token.claims,
            token.header,
            options={
                "iss": {"essential": True, "value": client.provider.issuer},
                "aud": {"essential": True, "value": named},
            },
            params={"nonce": nonce, "client_id": named, "access_token": access},
        )
        claims.validate(now=int(now), leeway=LEEWAY_S)
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise Denied(f"the ID token isn't right: {type(error).__name__}: {error}"[:200]) from error
    if not isinstance(claims["iat"], (int, float)) or abs(now - claims["iat"]) > OLDEST_S:
        raise Denied("the ID token is of another time")
    if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= MAX_SUBJECT:
        raise Denied("the ID token names nobody")
    return dict(claims)


def _signing(keys: KeySet) -> KeySet:
    """Return the keys that are for signatures, and none that both sides know."""
    usable = [key for key in keys.keys if key.key_type != "oct" and key.get("use", "sig") == "sig"]
    return KeySet(usable)


def _address(client: Client, claims: Mapping[str, Any]) -> str | None:
    """Return the person's address where the provider says that it is theirs, and may."""
    # Some write the truth as a text.
    if claims.get("email_verified") not in (True, "true") and not client.provider.trusts_addresses:
        return None
    try:
        address = addresses.normal(claims.get("email"))
    except InvalidInput:
        return None
    domains = client.provider.domains
    return address if not domains or address.rpartition("@")[2] in domains else None


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""
