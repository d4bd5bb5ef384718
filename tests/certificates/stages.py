"""Certificates as rows, for tests of pages and of the API that have none made."""

import base64
import json

from extensions import db
from models import Blob, Certificate, Course, User, utcnow

PARTS = ({"alg": "none"}, {"id": "https://learn.example.org/certificates/bobs-code"}, {})


def add_certificate(user: User, course: Course, page: Blob, code: str = "bobs-code") -> Certificate:
    """Add a certificate with files."""
    badge = ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in PARTS)
    rule = {"lessons_percent": 100, "quiz_percent": None, "lab_percent": None, "grade_percent": None, "leave_out": []}
    made = Certificate(
        course_id=course.id,
        user_id=user.id,
        code=code,
        name=user.display_name,
        course_title=course.title,
        rule=rule,
        issued_at=utcnow(),
        badge=badge,
        pdf_sha256=page.sha256,
        files_due_at=None,
    )
    db.session.add(made)
    db.session.flush()
    return made
