"""Questions of open attempts are kept rendered until they have an answer; that nobody can see."""

import re

import pytest
from flask.testing import FlaskClient

from blueprints.kept_parts import Parts
from blueprints.quizzes import kept_questions
from extensions import db as database
from models import Attempt, Quiz, utcnow
from question_types import TYPES
from services.quizzes import answers, attempts
from tests.factories import RIGHT, Cast, QuizFactory, add_question
from tests.people import sign_in

QUESTION = re.compile(r'<fieldset class="question card".*?</fieldset>', re.DOTALL)


@pytest.fixture
def attempt(cast: Cast) -> Attempt:
    """Bob's open attempt at a quiz with a question of every type."""
    quiz: Quiz = QuizFactory(module=cast.quiz.module, slug="every-type", position=9)
    for kind in TYPES:
        add_question(quiz, kind)
    return attempts.start(cast.bob.id, quiz, now=utcnow())


def questions(client: FlaskClient, attempt_id: int) -> list[str]:
    return QUESTION.findall(client.get(f"/attempts/{attempt_id}").text)


def test_a_kept_question_of_every_type_is_what_it_is_without_being_kept(
    client: FlaskClient, attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(client, "bob")
    number, count = attempt.id, len(attempt.items)
    first = questions(client, number)
    kept = questions(client, number)
    monkeypatch.setattr(kept_questions, "_is_kept", lambda _context, _item: False)

    plain = questions(client, number)

    assert len(plain) == count
    assert first == kept == plain


def test_an_answer_stands_in_its_own_page_alone(client: FlaskClient, cast: Cast, attempt: Attempt) -> None:
    sign_in(client, "bob")
    number = attempt.id
    before = questions(client, number)
    [item] = [each for each in attempt.items if each.version.kind == "text"]
    position = item.position
    answers.save(number, position, RIGHT["text"], revision=1, now=utcnow())
    database.session.commit()

    after = questions(client, number)

    changed = [one for one, other in enumerate(zip(before, after, strict=True), start=1) if other[0] != other[1]]
    assert changed == [position]
    assert RIGHT["text"] in after[position - 1]
    other = attempts.start(cast.alice.id, attempt.quiz, now=utcnow(), is_staff=True).id
    client.delete_cookie("yurt_session")
    sign_in(client, "alice")
    assert RIGHT["text"] not in "".join(questions(client, other))


def test_what_is_kept_is_bounded() -> None:
    parts = Parts(most=8)

    for number in range(20):
        parts.put(str(number), "")

    assert sum(parts.near(str(number)) is not None for number in range(20)) <= 8
    assert parts.near("19") is not None
