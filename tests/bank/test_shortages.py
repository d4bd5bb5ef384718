"""Draws that a question leaves too small when it is retired: on its page, after the move, and by API."""

import pytest
from flask.testing import FlaskClient

from extensions import db
from models import Question, Quiz, QuizSlot, utcnow
from services.accounts import tokens
from services.bank import shortages
from services.bank.shortages import Shortage
from tests.factories import Cast, QuizFactory
from tests.people import post, sign_in


@pytest.fixture
def question(cast: Cast) -> Question:
    """One of two ready questions, which a quiz draws both."""
    quiz: Quiz = QuizFactory(module=cast.quiz.module, slug="drawn", title="A *drawn* quiz", position=9)
    quiz.slots.append(QuizSlot(position=1, tag="pipes", count=2))
    for each in cast.quiz.questions[:2]:
        each.tags = ["pipes"]
    db.session.flush()
    first: Question = cast.quiz.questions[0]
    return first


def test_a_draw_that_needs_the_question_is_named_and_others_are_not(cast: Cast, question: Question) -> None:
    short = [Shortage("drawn", "A *drawn* quiz", "pipes", 2, 1)]
    assert shortages.caused_by(question) == short
    assert shortages.of_course(cast.course.id) == []

    cast.quiz.questions[2].tags = ["pipes"]
    db.session.flush()
    assert shortages.caused_by(question) == []
    cast.quiz.questions[2].state = question.state = "retired"
    db.session.flush()
    assert shortages.of_course(cast.course.id) == short
    assert shortages.caused_by(question) == []


def test_the_page_and_the_api_warn_before_and_after(cast: Cast, question: Question, client: FlaskClient) -> None:
    sign_in(client, "alice")
    path = f"/courses/shell/bank/{question.id}"

    before = client.get(path).text
    moved = post(client, f"{path}/state", old="ready", new="retired")
    after = client.get(path).text

    assert "it draws 2 questions with the tag pipes, and 1 would be ready" in before
    assert moved.status_code == 302
    assert "which draw more than is ready: A drawn quiz" in after
    assert "it draws 2 questions" not in after


def test_a_program_reads_it(cast: Cast, question: Question, client: FlaskClient) -> None:
    _row, plain = tokens.issue(cast.alice.id, name="x", scopes=["read"], days=9, now=utcnow())
    headers = {"Authorization": f"Bearer {plain}"}

    said = client.get(f"/api/v1/courses/shell/bank/{question.id}", headers=headers).get_json()["leaves_short"]

    assert [(each["slug"], each["wanted"], each["there"]) for each in said] == [("drawn", 2, 1)]
