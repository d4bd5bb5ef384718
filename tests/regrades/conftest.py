"""A quiz that somebody takes wrong, because its key is."""

import pytest

from extensions import db
from models import Quiz, User
from tests.factories import Cast, EnrolmentFactory, QuizFactory, UserFactory, add_question


@pytest.fixture
def quiz(cast: Cast) -> Quiz:
    """A quiz of a choice (2 marks), a text and an essay (1 mark each), worth 40 points."""
    made: Quiz = QuizFactory(module=cast.quiz.module, slug="exam", position=9, points=40, pass_percent=50)
    for kind, points in (("single", 2), ("text", 1)):
        add_question(made, kind, points=points)
    db.session.flush()
    return made


@pytest.fixture
def victor(cast: Cast) -> User:
    user: User = UserFactory()
    EnrolmentFactory(course=cast.course, user=user)
    return user
