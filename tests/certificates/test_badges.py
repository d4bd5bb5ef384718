"""The Open Badge: shaped as the official schema asks, signed by a key that everybody finds, and revoked."""

import base64
import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import RSAKey
from jsonschema import Draft201909Validator, FormatChecker

from extensions import db
from models import Certificate, SigningKey, utcnow
from services.certificates import issuing, signing
from tests.factories import Cast

TEXT, ADDRESS = {"type": "string"}, {"type": "string", "format": "uri", "pattern": "^https?://"}
TIME = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"}


def types(*names: str) -> dict[str, Any]:
    return {"type": "array", "items": TEXT, "allOf": [{"contains": {"const": name}} for name in names]}


def thing(required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required.split(), "properties": properties}


# What ob_v3p0_achievementcredential_schema.json asks of the parts that we write, in our own words.
ISSUER = thing("id type", id=ADDRESS, type=types("Profile"), name=TEXT, url=ADDRESS)
IDENTITY = thing(
    "type identityHash identityType hashed",
    type={"const": "IdentityObject"},
    hashed={"type": "boolean"},
    identityHash=TEXT,
    identityType={"enum": ["name"]},
)
ACHIEVEMENT = thing(
    "id type criteria description name",
    id=ADDRESS,
    type=types("Achievement"),
    achievementType={"const": "Course"},
    criteria=thing("narrative", narrative={"type": "string", "minLength": 1}),
    description={"type": "string", "minLength": 1},
    name={"type": "string", "minLength": 1},
)
CREDENTIAL = thing(
    "@context id type issuer validFrom credentialSubject",
    **{
        "@context": {
            "type": "array",
            "minItems": 2,
            "prefixItems": [{"const": "https://www.w3.org/ns/credentials/v2"}],
            "contains": {"pattern": r"^https://purl\.imsglobal\.org/spec/ob/v3p0/context-3\.\d\.\d\.json$"},
        },
        "id": ADDRESS,
        "type": types("VerifiableCredential", "OpenBadgeCredential"),
        "issuer": ISSUER,
        "validFrom": TIME,
        "name": TEXT,
        "credentialSubject": thing(
            "type achievement",
            type=types("AchievementSubject"),
            identifier={"type": "array", "items": IDENTITY},
            achievement=ACHIEVEMENT,
        ),
        "credentialStatus": thing("id type", id=ADDRESS, type={"const": "1EdTechRevocationList"}),
        "credentialSchema": {"type": "array", "items": thing("id type", id=ADDRESS, type=TEXT)},
    },
)


def path_of(address: str) -> str:
    return "/" + address.split("/", 3)[3]


def test_a_badge_is_what_the_schema_asks_for_and_tells_only_the_name(
    client: FlaskClient, certificate: Certificate
) -> None:
    said = client.get(f"/certificates/{certificate.code}/badge.json").get_json()

    Draft201909Validator(CREDENTIAL, format_checker=FormatChecker()).validate(said)
    assert said["credentialSubject"]["identifier"][0]["identityHash"] == "Bob"
    assert "bob@example.org" not in str(said) and "handle" not in str(said)


def test_a_badge_is_checked_with_the_key_at_the_address_that_it_names(
    client: FlaskClient, certificate: Certificate
) -> None:
    badge = client.get(f"/certificates/{certificate.code}/badge.jwt")
    header = header_of(badge.text)
    key = RSAKey.import_key(client.get(path_of(header["kid"])).get_json())

    claims = jwt.decode(badge.text, key, algorithms=["RS256"]).claims

    said = client.get(f"/certificates/{certificate.code}/badge.json").get_json()
    assert badge.mimetype == "application/vc+jwt"
    assert badge.headers["Access-Control-Allow-Origin"] == "*"
    assert (header["alg"], header["typ"]) == ("RS256", "JWT")
    assert claims["iss"] == said["issuer"]["id"] and claims["jti"] == claims["sub"] == said["id"]
    assert claims["nbf"] == int(certificate.issued_at.timestamp())
    assert client.get(path_of(said["issuer"]["id"])).get_json()["name"] == said["issuer"]["name"]
    assert path_of(said["id"]) == f"/certificates/{certificate.code}"
    with pytest.raises(BadSignatureError):
        jwt.decode(badge.text, RSAKey.generate_key(2048), algorithms=["RS256"])


def header_of(badge: str) -> dict[str, Any]:
    part = badge.split(".")[0]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def test_a_key_is_published_without_what_signs(client: FlaskClient, certificate: Certificate) -> None:
    row = db.session.query(SigningKey).one()

    public = client.get(f"/certificates/keys/{row.kid}.json").get_json()

    assert set(public) == {"kty", "n", "e", "kid", "use", "alg"}
    assert "PRIVATE" not in row.private
    assert client.get("/certificates/keys/other.json").status_code == 404


def test_another_secret_makes_another_key_and_the_old_one_goes_on_checking(
    client: FlaskClient, certificate: Certificate
) -> None:
    old = db.session.query(SigningKey).one().kid

    signer = signing.signer("another secret", now=utcnow())
    again = signing.signer("another secret", now=utcnow())

    assert signer.kid == again.kid != old
    assert client.get(f"/certificates/keys/{old}.json").status_code == 200


def test_who_asks_for_the_status_is_told_of_a_revocation_and_not_why(
    client: FlaskClient, cast: Cast, certificate: Certificate
) -> None:
    address = f"/certificates/{certificate.code}/status.json"
    assert client.get(address).get_json()["revokedCredential"] == []

    issuing.revoke(certificate, reason="Copied", by_id=cast.alice.id, now=utcnow())

    said = client.get(address).get_json()
    credential = client.get(f"/certificates/{certificate.code}/badge.json").get_json()
    assert said["revokedCredential"] == [{"id": credential["id"], "revoked": True}]
    assert said["id"] == credential["credentialStatus"]["id"]
