"""Looks whether certificates are earned: triggers say of whom, the scheduler takes them one by one."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, delete, func, insert, literal, select

from extensions import db
from models import Certificate, CertificateLook, Course, Enrolment, User
from services.certificates import issuing, rules, standings

# So many people are looked at in one transaction.
BATCH = 50


def due(_now: ColumnElement[datetime]) -> ScalarSelect[Any]:
    """Ask from when on somebody is to be looked at, or a certificate's files to be made."""
    looks = select(func.min(CertificateLook.due_at)).scalar_subquery()
    files = select(func.min(Certificate.files_due_at)).where(Certificate.files_due_at.is_not(None)).scalar_subquery()
    return select(func.least(looks, files)).scalar_subquery()


def work(*, now: datetime) -> int | None:
    """Take the look that is due first; return how many certificates it issued, None where none is due.

    The look goes in the transaction that issues. What changes meanwhile has written a look of its own.
    """
    first = db.session.scalar(
        select(CertificateLook)
        .where(CertificateLook.due_at <= now)
        .order_by(CertificateLook.due_at, CertificateLook.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if first is None:
        return None
    course = db.session.get_one(Course, first.course_id)
    if first.user_id is None:
        _spread(first, course, now)
        return 0
    return _look(course, _taken(course.id, now), now)


def _spread(look: CertificateLook, course: Course, now: datetime) -> None:
    """Have everybody of a course looked at who may have earned its certificate."""
    students = (
        select(literal(course.id), Enrolment.user_id, literal(now))
        .where(Enrolment.course_id == course.id, Enrolment.role == "student")
        .where(~_has_had(course.id, Enrolment.user_id))
    )
    db.session.execute(insert(CertificateLook).from_select(["course_id", "user_id", "due_at"], students))
    same = CertificateLook.course_id == course.id, CertificateLook.user_id.is_(None), CertificateLook.due_at <= now
    mine = select(CertificateLook.id).where(*same).with_for_update(skip_locked=True)
    db.session.execute(delete(CertificateLook).where(CertificateLook.id.in_(mine)))


def _taken(course_id: int, now: datetime) -> list[int]:
    """Take due looks at people of a course, all of each person's; return whom."""
    waiting = CertificateLook.course_id == course_id, CertificateLook.due_at <= now
    people = (
        select(CertificateLook.user_id)
        .where(*waiting, CertificateLook.user_id.is_not(None))
        .group_by(CertificateLook.user_id)
        .order_by(func.min(CertificateLook.id))
        .limit(BATCH)
    )
    mine = select(CertificateLook.id).where(*waiting, CertificateLook.user_id.in_(people))
    gone = delete(CertificateLook).where(CertificateLook.id.in_(mine.with_for_update(skip_locked=True)))
    return sorted(set(db.session.scalars(gone.returning(CertificateLook.user_id))))


def _look(course: Course, user_ids: Sequence[int], now: datetime) -> int:
    rule = rules.rule_of(course)
    if rule is None:
        return 0
    students = (
        select(User)
        .join(Enrolment, Enrolment.user_id == User.id)
        .where(Enrolment.course_id == course.id, Enrolment.role == "student", User.id.in_(user_ids))
        .where(~_has_had(course.id, User.id))
        .order_by(User.id)
    )
    people = db.session.scalars(students).all()
    if not people:
        return 0
    found = standings.of_people(course, [person.id for person in people], now=now)
    issued = [issuing.issue(course, rule, person, now=now) for person in people if found[person.id].is_earned]
    _come_back(course, [person for person in people if not found[person.id].is_earned], now)
    return sum(1 for each in issued if each is not None)


def _come_back(course: Course, people: Sequence[User], now: datetime) -> None:
    """Look again when scores are shown that aren't yet: what is hidden doesn't count."""
    rule = rules.rule_of(course)
    at = standings.shown_from(course, rule, now=now) if rule and people else None
    if at is not None:
        rows = [{"course_id": course.id, "user_id": person.id, "due_at": at} for person in people]
        db.session.execute(insert(CertificateLook), rows)


def _has_had(course_id: int, user_id: Any) -> ColumnElement[bool]:
    return select(Certificate.id).where(Certificate.course_id == course_id, Certificate.user_id == user_id).exists()
