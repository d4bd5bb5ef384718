"""A course that gives a certificate, and bob on his way to it."""

from typing import Any

import pytest

from config import Settings
from extensions import db
from models import Certificate, Course, utcnow
from scheduler.ticks.certificates import issuer
from services.courses import progress
from tests.factories import Cast

RULE = {
    "lessons_percent": 100,
    "quiz_percent": None,
    "lab_percent": None,
    "grade_percent": None,
    "leave_out": [],
}


def give(course: Course, **asked: Any) -> None:
    """Let a course give a certificate."""
    course.certificate = {**RULE, **asked}
    course.version += 1
    db.session.commit()


def schedule(settings: Settings) -> None:
    """Let the scheduler do whatever is due."""
    work = issuer(settings)
    while work():
        pass


@pytest.fixture
def certificate(cast: Cast, settings: Settings) -> Certificate:
    """Bob's certificate, with its files."""
    give(cast.course)
    progress.complete_lesson(cast.bob.id, cast.lesson, now=utcnow())
    db.session.commit()
    schedule(settings)
    return db.session.query(Certificate).one()
