"""The files of a certificate, the badge and the PDF: made by the scheduler, once for each certificate."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from extensions import db
from models import Certificate
from services import blobs, changes
from services.certificates import badges, drawing, signing
from services.certificates.badges import Site
from services.certificates.drawing import Words

# What can't be drawn is logged and tried again.
PAUSE = timedelta(minutes=10)


@dataclass(frozen=True)
class Said:
    """The words of a certificate: what stands on the page, and what the badge says was asked (Markdown)."""

    page: Words
    criteria: str


Wording = Callable[[Site, Certificate], Said]


def take(*, now: datetime) -> Certificate | None:
    """Return the certificate whose files are due first, locked until the commit; None where none are."""
    query = (
        select(Certificate)
        .where(Certificate.files_due_at <= now)
        .order_by(Certificate.files_due_at, Certificate.id)
        .limit(1)
    )
    return db.session.scalar(query.with_for_update(skip_locked=True))


def make(certificate: Certificate, site: Site, secret: str, wording: Wording, *, now: datetime) -> None:
    """Make both files; the caller has locked the row."""
    said = wording(site, certificate)
    credential = badges.credential(site, certificate, criteria=said.criteria)
    signer = signing.signer(secret, now=now)
    page = drawing.pdf(said.page, made_at=certificate.issued_at)
    changes.one(
        Certificate,
        Certificate.id == certificate.id,
        badge=signer.sign(badges.claims(credential, certificate), address=badges.key_address(site, signer.kid)),
        pdf_sha256=blobs.keep(page),
        files_due_at=None,
    )


def put_off(certificate_id: int, *, now: datetime) -> None:
    """Try again later."""
    changes.one(
        Certificate,
        Certificate.id == certificate_id,
        Certificate.files_due_at.is_not(None),
        files_due_at=now + PAUSE,
    )
