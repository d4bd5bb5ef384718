"""What a course's certificate asks, as a page changes it; its folder and the API of its definition say it, too."""

from datetime import datetime

from sqlalchemy import select

from extensions import db
from models import Activity, Course
from reasons import Code, Reason
from services import audit
from services.archive.content import CertificateContent
from services.certificates import rules
from services.courses import turns
from services.errors import InvalidInput


def put(course: Course, rule: CertificateContent | None, *, now: datetime) -> None:
    """Let the course give its certificate by this rule, or none; a trigger has everybody looked at."""
    turns.take(course.slug)
    db.session.refresh(course)
    if rule is not None:
        query = select(Activity.slug).where(Activity.course_id == course.id, ~Activity.is_archived)
        there = set(db.session.scalars(query))
        for slug in rule.leave_out:
            if slug not in there:
                raise InvalidInput("leave_out", Reason(Code.ACTIVITY_UNKNOWN, kind="activity", slug=slug))
    said = rules.written(rule) if rule else None
    if course.certificate != said:
        changed = audit.differences(course.certificate or {}, said or dict.fromkeys(course.certificate or {}))
        audit.note("certificate.rule_changed", course.id, changed=changed)
        course.certificate = said
        course.version += 1
        course.updated_at = now
    db.session.flush()
