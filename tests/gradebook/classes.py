"""Courses with grades for the tests of the gradebook, and how many statements something takes."""

from datetime import timedelta
from fractions import Fraction
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import event, text

from extensions import db
from models import CheckRun, Course, User, utcnow
from services.accounts import tokens
from services.gradebook import books
from services.gradebook.schemes import scheme_of
from tests.factories import Cast, run_lab

HALF = Fraction(1, 2)
SCHEME = [
    {"title": "Quizzes", "weight": 40, "activities": ["first-quiz"]},
    {"title": "Labs", "weight": 60, "activities": ["first-lab", "first-words"]},
]
WHOLE = {"drop_lowest": 0, "extra_credit": [], "is_extra": False}


def grade_by(course: Course, *categories: dict[str, Any]) -> None:
    """Give the course a scheme."""
    course.grading = [{**WHOLE, **category} for category in categories]
    course.version += 1
    db.session.flush()


def row(cast: Cast) -> books.Row:
    """Return bob's row."""
    return books.of_student(scheme_of(cast.course), cast.bob)


def run_check(cast: Cast, check: Any, state: str) -> None:
    """Let bob run a check of his lab."""
    session = db.session.scalar(db.select(CheckRun.session_id)) or run_lab(cast.bob, cast.lab, utcnow()).id
    db.session.add(CheckRun(session_id=session, check_id=check.id, state=state, finished_at=utcnow()))
    db.session.flush()


def add_students(course: Course, count: int) -> None:
    """Add as many students, by SQL."""
    values = {"course": course.id, "count": count}
    db.session.execute(
        text(
            "INSERT INTO users (handle, display_name, email, fs_uniquifier, active, confirmed_at)"
            " SELECT 'many-' || n, 'Many ' || lpad(n::text, 5, '0'), 'many' || n || '@example.org', 'many-' || n, true,"
            " now() FROM generate_series(1, :count) AS n"
        ),
        values,
    )
    db.session.execute(
        text(
            "INSERT INTO enrolments (course_id, user_id, role, enrolled_at)"
            " SELECT :course, id, 'student', now() FROM users WHERE handle LIKE 'many-%'"
        ),
        values,
    )


def counted(act: Any) -> int:
    """Return how many statements `act` sends."""
    statements: list[str] = []

    def note(*told: Any) -> None:
        if not told[2].startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            statements.append(told[2])

    event.listen(db.engine, "before_cursor_execute", note)
    act()
    event.remove(db.engine, "before_cursor_execute", note)
    return len(statements)


def api(client: FlaskClient, user: User) -> dict[str, str]:
    """Return the header of a person's token."""
    _row, plain = tokens.issue(
        user.id, name="script", scopes=("read", "write"), days=9, now=utcnow() - timedelta(days=1)
    )
    return {"Authorization": f"Bearer {plain}"}
