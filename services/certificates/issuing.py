"""A certificate's life: issued once when it is earned, revoked and issued again by the staff of the course."""

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import contains_eager, joinedload

from extensions import db
from models import Blob, Certificate, Course, SigningKey, User
from reasons import Code, Reason
from services import audit, changes, events, live, plain
from services.archive.content import CertificateContent
from services.certificates import rules
from services.errors import InvalidInput, NotFound, Refused
from services.paging import Page, paginate

TOPIC = "certificates"
MAX_REASON = 500
# 192 bits: nobody finds the address of another's certificate.
CODE_BYTES = 24


def issue(course: Course, rule: CertificateContent, user: User, *, now: datetime) -> Certificate | None:
    """Issue the first certificate of somebody who has earned it; None where they have, or had, one already."""
    return _write(course, rules.written(rule), user, 1, now)


def revoke(certificate: Certificate, *, reason: str, by_id: int, now: datetime) -> Certificate:
    """Say that a certificate isn't valid any more, and why; its address says so from now on."""
    values = {"revoked_at": now, "revoked_by_id": by_id, "revoke_reason": read_reason(reason)}
    revoked = changes.one(Certificate, Certificate.id == certificate.id, Certificate.revoked_at.is_(None), **values)
    if revoked is None:
        raise Refused(Reason(Code.CERTIFICATE_REVOKED))
    audit.note("certificate.revoked", revoked.course_id, person_id=revoked.user_id, certificate=revoked.id)
    return revoked


def reissue(certificate: Certificate, *, reason: str, by_id: int, now: datetime) -> Certificate:
    """Issue another one in place of somebody's newest, with their name and the course's title of today.

    It says what was asked when the first was issued. The one before is revoked, if it isn't yet.
    """
    newest = select(func.max(Certificate.number)).where(
        Certificate.user_id == certificate.user_id, Certificate.course_id == certificate.course_id
    )
    # Two at once: the second waits here, and finds that there is a newer one.
    db.session.execute(select(Certificate.id).where(Certificate.id == certificate.id).with_for_update())
    db.session.refresh(certificate)
    if db.session.scalar(newest) != certificate.number:
        raise Refused(Reason(Code.CERTIFICATE_NOT_NEWEST))
    if certificate.revoked_at is None:
        revoke(certificate, reason=reason, by_id=by_id, now=now)
    made = _write(certificate.course, certificate.rule, certificate.user, certificate.number + 1, now)
    if made is None:
        raise Refused(Reason(Code.CERTIFICATE_NOT_NEWEST))
    audit.note("certificate.reissued", made.course_id, person_id=made.user_id, certificate=made.id)
    return made


def read_reason(text: str) -> str:
    """Return why something is revoked, as it is kept; raise InvalidInput."""
    said = plain.bounded("reason", plain.sentence(text), MAX_REASON)
    if not said:
        raise InvalidInput("reason", Reason(Code.REASON_MISSING))
    return said


def by_code(code: str) -> Certificate:
    """Return the certificate at a public address; raise NotFound."""
    query = select(Certificate).options(joinedload(Certificate.course)).where(Certificate.code == code)
    found = db.session.scalar(query) if code.isascii() else None
    if found is None:
        raise NotFound
    return found


def page_of(certificate: Certificate) -> bytes:
    """Return the PDF of a valid certificate; raise NotFound where it is revoked, or not made yet."""
    if certificate.revoked_at is not None or certificate.pdf_sha256 is None:
        raise NotFound
    data: bytes = db.session.scalars(select(Blob.data).where(Blob.sha256 == certificate.pdf_sha256)).one()
    return data


def public_key(kid: str) -> dict[str, Any]:
    """Return the public part of a key that signed badges, also of one that signs no more; raise NotFound."""
    row = db.session.get(SigningKey, kid) if kid.isascii() else None
    if row is None:
        raise NotFound
    return row.public


def find(course: Course, certificate_id: int) -> Certificate:
    """Return a certificate of a course; raise NotFound."""
    row = db.session.get(Certificate, certificate_id) if certificate_id < 2**63 else None
    if row is None or row.course_id != course.id:
        raise NotFound
    return row


def valid_of(user_id: int, course: Course) -> Certificate | None:
    """Return somebody's valid certificate of a course."""
    return db.session.scalar(_valid(user_id).where(Certificate.course_id == course.id))


def valid_codes(user_id: int) -> dict[int, str]:
    """Return the codes of somebody's valid certificates by course."""
    return {row.course_id: row.code for row in db.session.scalars(_valid(user_id))}


def all_of(user_id: int) -> list[Certificate]:
    """Return all certificates that somebody has or had, the newest first."""
    query = (
        select(Certificate)
        .options(joinedload(Certificate.course))
        .where(Certificate.user_id == user_id)
        .order_by(Certificate.id.desc())
    )
    return list(db.session.scalars(query))


def of_course(course: Course, number: int, per_page: int = 25) -> Page[Certificate]:
    """Return a page of a course's certificates with their people, the newest first."""
    query = (
        select(Certificate)
        .join(Certificate.user)
        .options(contains_eager(Certificate.user))
        .where(Certificate.course_id == course.id)
        .order_by(Certificate.id.desc())
    )
    return paginate(query, number, per_page)


def _valid(user_id: int) -> Select[Certificate]:
    return select(Certificate).where(Certificate.user_id == user_id, Certificate.revoked_at.is_(None))


def _write(course: Course, rule: dict[str, object], user: User, number: int, now: datetime) -> Certificate | None:
    row = (
        insert(Certificate)
        .values(
            course_id=course.id,
            user_id=user.id,
            number=number,
            code=secrets.token_urlsafe(CODE_BYTES),
            name=user.display_name,
            course_title=course.title,
            rule=rule,
            issued_at=now,
            files_due_at=now,
        )
        .on_conflict_do_nothing()
        .returning(Certificate)
    )
    made = db.session.scalars(row).one_or_none()
    if made is not None:
        live.nudge(TOPIC)
        events.note("certificate.issued", course.id, user.id, certificate=made.id)
    return made
