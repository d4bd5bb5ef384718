"""A certificate as an Open Badge 3.0: a verifiable credential, signed as a JWT (1EdTech Open Badges 3.0, 8.2)."""

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from models import Certificate
from services import markdown

CONTEXT = ["https://www.w3.org/ns/credentials/v2", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"]
SCHEMA = {
    "id": "https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_achievementcredential_schema.json",
    "type": "1EdTechJsonSchemaValidator2019",
}
# What a JWT adds to the credential.
REGISTERED = ("iss", "jti", "nbf", "sub")


@dataclass(frozen=True)
class Site:
    """Who issues: the site's name, and the origin of its addresses."""

    name: str
    url: str

    def at(self, path: str) -> str:
        """Return the address of something of the site."""
        return f"{self.url.rstrip('/')}{path}"


def address(site: Site, certificate: Certificate, part: str = "") -> str:
    """Return a certificate's public address, or that of a file of it."""
    return site.at(f"/certificates/{certificate.code}{part}")


def key_address(site: Site, kid: str) -> str:
    """Return where everybody finds a key."""
    return site.at(f"/certificates/keys/{kid}.json")


def issuer(site: Site) -> dict[str, Any]:
    """Return the profile of the issuer."""
    profile = {"id": site.at("/certificates/issuer.json"), "type": ["Profile"], "name": site.name}
    return {**profile, "url": site.at("/")}


def credential(site: Site, certificate: Certificate, *, criteria: str) -> dict[str, Any]:
    """Return the credential. It tells of the person what the certificate shows: the name. `criteria` is Markdown."""
    title = markdown.plain(certificate.course_title)
    return {
        "@context": CONTEXT,
        "id": address(site, certificate),
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": title,
        "issuer": issuer(site),
        "validFrom": moment(certificate.issued_at),
        "credentialSubject": {
            "type": ["AchievementSubject"],
            "identifier": [
                {
                    "type": "IdentityObject",
                    "identityHash": certificate.name,
                    "identityType": "name",
                    "hashed": False,
                }
            ],
            "achievement": {
                "id": site.at(f"/courses/{certificate.course.slug}"),
                "type": ["Achievement"],
                "achievementType": "Course",
                "name": title,
                "description": markdown.plain(certificate.course.summary) or title,
                "criteria": {"narrative": criteria},
            },
        },
        "credentialStatus": {"id": address(site, certificate, "/status.json"), "type": "1EdTechRevocationList"},
        "credentialSchema": [SCHEMA],
    }


def claims(said: dict[str, Any], certificate: Certificate) -> dict[str, Any]:
    """Return what the badge's JWT says: the credential itself beside the registered claims."""
    return {
        **said,
        "iss": said["issuer"]["id"],
        "jti": said["id"],
        "nbf": int(certificate.issued_at.timestamp()),
        "sub": said["id"],
    }


def said_by(badge: str) -> dict[str, Any]:
    """Return the credential that a badge of ours signs, without checking it again."""
    payload = badge.split(".")[1]
    read: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return {name: value for name, value in read.items() if name not in REGISTERED}


def revocations(site: Site, certificate: Certificate) -> dict[str, Any]:
    """Return the list of revoked credentials that a credential names: of this one alone, so that nobody learns others'
    addresses. Why stays with the staff and the person."""
    gone = [{"id": address(site, certificate), "revoked": True}] if certificate.revoked_at else []
    return {
        "id": address(site, certificate, "/status.json"),
        "issuer": issuer(site)["id"],
        "revokedCredential": gone,
    }


def moment(at: datetime) -> str:
    """Return a time as credentials have it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
