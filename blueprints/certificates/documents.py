"""Certificates as JSON has them."""

from typing import Any

from flask import url_for

from blueprints.certificates.public import site
from models import Certificate, Course
from services.certificates import badges, rules
from services.certificates.rules import Standing


def certificate(row: Certificate) -> dict[str, Any]:
    """Give a certificate as its person has it; files have an address once they are made, the PDF while it is valid."""
    is_there = row.badge is not None
    return {
        "id": row.id,
        "course": row.course.slug,
        "course_title": row.course_title,
        "name": row.name,
        "state": row.state,
        "issued_at": row.issued_at.isoformat(),
        "revoked_at": row.revoked_at.isoformat() if row.revoked_at else None,
        "revoke_reason": row.revoke_reason or None,
        "url": badges.address(site(), row),
        "pdf_url": badges.address(site(), row, "/certificate.pdf") if is_there and not row.revoked_at else None,
        "badge_url": badges.address(site(), row, "/badge.jwt") if is_there else None,
    }


def issued(row: Certificate) -> dict[str, Any]:
    """Give a certificate as the staff has it: with whose it is."""
    return {**certificate(row), "user_id": row.user_id, "display_name": row.user.display_name}


def standing(course: Course, found: Standing | None, valid: Certificate | None) -> dict[str, Any]:
    """Give what a course asks and how far somebody is."""
    criteria = [
        {
            "asked": each.asked,
            "percent": each.percent,
            "done": each.done,
            "total": each.total,
            "is_met": each.is_met,
            "reached": float(each.reached) if each.reached is not None else None,
        }
        for each in (found.criteria if found else ())
    ]
    return {
        "is_offered": rules.rule_of(course) is not None,
        "criteria": criteria,
        "certificate": certificate(valid) if valid else None,
    }


def location(course: Course) -> str:
    """Return where a course's certificates are listed."""
    return url_for("certificates_api.list_course_certificates", slug=course.slug)
