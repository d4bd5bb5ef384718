"""A class that has taken a quiz, with known answers."""

import importlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from extensions import db
from models import Attempt, Quiz, User
from services.quizzes import answers, attempts
from tests.factories import RIGHT, Cast, EnrolmentFactory, UserFactory

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
WRONG = {"single": "b", "multiple": ["c"], "numeric": "99", "text": "=rm"}


def stats() -> Any:
    """Return scipy's: imported where it is needed, for it takes a second, and every worker reads every file."""
    return importlib.import_module("scipy.stats")


def take(user: User, quiz: Quiz, pattern: str) -> Attempt:
    """Answer as a pattern says: 1 right, 0 wrong, - nothing; one sign a question."""
    attempt = attempts.start(user.id, quiz, now=NOW)
    for item, sign in zip(attempt.items, pattern, strict=True):
        if sign != "-":
            given = (RIGHT if sign == "1" else WRONG)[item.version.kind]
            answers.save(attempt.id, item.position, given, revision=1, now=NOW)
    return attempts.submit(attempt, now=NOW)


def add_class(cast: Cast, patterns: Sequence[str]) -> list[User]:
    """Let as many students as there are patterns take the quiz."""
    people = []
    for pattern in patterns:
        student = UserFactory()
        EnrolmentFactory(course=cast.course, user=student)
        take(student, cast.quiz, pattern)
        people.append(student)
    db.session.flush()
    return people
