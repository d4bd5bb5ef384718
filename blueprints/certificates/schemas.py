"""Shapes of certificates."""

from datetime import datetime
from typing import Any, Literal

from pydantic import ConfigDict, Field

from blueprints.schemas import Input, Output, Written
from services.certificates.issuing import MAX_REASON

A_REASON = "Another person handed the exam in."
A_CERTIFICATE: Any = {
    "id": 7,
    "course": "shell",
    "course_title": "The shell",
    "name": "Ada Lovelace",
    "state": "valid",
    "issued_at": "2026-11-03T09:12:00Z",
    "revoked_at": None,
    "revoke_reason": None,
    "url": "https://learn.example.org/certificates/4fXkq0mC2vT8",
    "pdf_url": "https://learn.example.org/certificates/4fXkq0mC2vT8/certificate.pdf",
    "badge_url": "https://learn.example.org/certificates/4fXkq0mC2vT8/badge.jwt",
}


class CertificateOut(Output):
    """A certificate. At `url` everybody who has it sees whether it is valid; `badge_url` has the signed Open Badge 3.0.

    Both files are null until they are made, a few seconds after it is issued; a revoked one has no PDF."""

    model_config = ConfigDict(json_schema_extra={"examples": [A_CERTIFICATE]})

    id: int
    course: str
    course_title: Written
    name: str
    state: Literal["valid", "revoked"]
    issued_at: datetime
    revoked_at: datetime | None
    revoke_reason: str | None
    url: str
    pdf_url: str | None
    badge_url: str | None


class IssuedCertificateOut(CertificateOut):
    """The same, with whose it is."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{**A_CERTIFICATE, "user_id": 12, "display_name": "Ada Lovelace"}]}
    )

    user_id: int
    display_name: str


class CertificatesOut(Output):
    """All certificates that somebody has or had, the newest first."""

    certificates: list[CertificateOut]


class IssuedCertificatesOut(Output):
    """A page of a course's certificates, the newest first."""

    certificates: list[IssuedCertificateOut]
    page: int
    pages: int
    total: int


class CriterionOut(Output):
    """One thing that is asked. `done` of `total` activities reach `percent` (of lessons: so many are read); a grade has
    the share that is `reached`, of what is shown."""

    asked: Literal["lessons", "quizzes", "labs", "grade"]
    percent: int
    done: int
    total: int
    is_met: bool
    reached: float | None


class CertificateStandingOut(Output):
    """What the course asks for its certificate, how far one is, and the certificate where one has it."""

    is_offered: bool
    criteria: list[CriterionOut]
    certificate: CertificateOut | None


class RevokeIn(Input):
    """Why: the staff and the person read it, the public doesn't."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": A_REASON}]})

    reason: str = Field(min_length=1, max_length=MAX_REASON)
