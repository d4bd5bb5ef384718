"""Leases on answers that wait: each grader another one, who is at it, and when they end."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from extensions import db
from models import Attempt, Quiz, User, utcnow
from scheduler import clock_skew
from services.accounts import tokens
from services.quizzes import holds, waiting
from tests.conftest import CommittedDatabase
from tests.factories import Cast, EnrolmentFactory, QuizFactory, UserFactory, add_question, make_cast
from tests.people import post, sign_in
from tests.quizzes.test_races import race
from tests.regrades.classes import NOW, hand_in

PATH = "/courses/shell/quizzes/essays"


def make_quiz(cast: Cast, answers: int = 2) -> tuple[Quiz, list[Attempt]]:
    quiz: Quiz = QuizFactory(module=cast.quiz.module, slug="essays", position=9)
    question = add_question(quiz, "essay", points=3)
    assert question.current is not None
    question.current.rubric = [{"slug": "names-it", "text": "Names it", "points": 1.5}]
    students = [UserFactory() for _each in range(answers)]
    for student in students:
        EnrolmentFactory(course=cast.course, user=student)
    db.session.flush()
    return quiz, [hand_in(each, quiz, {1: "Words"}, NOW + timedelta(seconds=at)) for at, each in enumerate(students)]


def test_an_answer_belongs_to_one_grader_until_the_lease_ends_or_they_leave(cast: Cast) -> None:
    quiz, (first, second) = make_quiz(cast)
    key, alice, dana = (first.id, 1), cast.alice.id, cast.dana.id

    assert holds.take_next(quiz, alice, NOW) == key
    assert holds.take(key, alice, NOW)
    assert not holds.take(key, dana, NOW)
    assert holds.take_next(quiz, dana, NOW) == (second.id, 1)
    assert holds.take_next(quiz, UserFactory().id, NOW) is None
    assert {each.name for each in holds.of([key], NOW).values()} == {cast.alice.display_name}

    assert holds.take(key, dana, NOW + holds.LEASE)
    holds.leave(key, alice)
    assert set(holds.of([key], NOW + holds.LEASE)) == {key}
    holds.leave(key, dana)
    assert holds.of([key], NOW + holds.LEASE) == {}


def test_an_answer_that_a_clock_took_which_ran_ahead_is_free_once_the_scheduler_has_looked(cast: Cast) -> None:
    now = utcnow()
    key = (make_quiz(cast)[1][0].id, 1)
    assert holds.take(key, cast.alice.id, now + timedelta(hours=1))
    assert not holds.take(key, cast.dana.id, now)

    clock_skew.mend(now)

    assert holds.take(key, cast.dana.id, now)
    clock_skew.mend(now)
    assert list(holds.of([key], now)) == [key]


def test_racing_graders_are_handed_out_different_answers(committed_db: CommittedDatabase) -> None:
    with committed_db.app.app_context():
        quiz, _attempts = make_quiz(make_cast(), answers=4)
        graders = [UserFactory().id for _each in range(6)]
        number = quiz.id
        db.session.commit()

    taken = race(
        committed_db,
        *[lambda who=who: holds.take_next(db.session.get_one(Quiz, number), who, NOW) for who in graders],
    )

    found = [each for each in taken if each is not None]
    assert len(found) == len(set(found)) == 4


@pytest.fixture
def waits(cast: Cast) -> Iterator[tuple[Quiz, list[Attempt]]]:
    yield make_quiz(cast)


def test_the_page_says_who_is_at_an_answer_and_goes_on_with_a_free_one(
    cast: Cast, waits: tuple[Quiz, list[Attempt]], client: FlaskClient
) -> None:
    _quiz, (first, second) = waits
    now = datetime.now(UTC)
    holds.take((first.id, 1), cast.dana.id, now)
    sign_in(client, "alice")

    listed, page = client.get(f"{PATH}/to-grade").text, client.get(f"/attempts/{first.id}/items/1/grade").text
    handed_out = post(client, f"{PATH}/to-grade")

    assert f"{cast.dana.display_name} is at it" in listed
    assert f"{cast.dana.display_name} is grading this answer now" in page
    assert "grade-answer" not in page
    assert handed_out.location == f"/attempts/{second.id}/items/1/grade"
    assert client.get(handed_out.location).status_code == 200
    assert not holds.take((second.id, 1), cast.dana.id, now)
    assert post(client, f"{handed_out.location}/hold").json == {"is_mine": True}
    assert post(client, f"{handed_out.location}/hold?leave=1").json == {"is_mine": False}
    assert holds.take((second.id, 1), cast.dana.id, now)
    assert post(client, f"{PATH}/to-grade").location == f"{PATH}/to-grade"


def call(client: FlaskClient, user: User, method: str, path: str, body: Any = None) -> Any:
    _row, plain = tokens.issue(user.id, name="x", scopes=("read", "write"), days=9, now=datetime.now(UTC))
    headers = {"Authorization": f"Bearer {plain}"}
    said = None if body is None else json.dumps(body)
    return client.open(f"/api/v1{path}", method=method, data=said, content_type="application/json", headers=headers)


def test_a_program_is_handed_out_answers_and_chooses_of_the_rubric(
    cast: Cast, waits: tuple[Quiz, list[Attempt]], client: FlaskClient
) -> None:
    quiz, (first, _second) = waits
    address = f"/attempts/{first.id}/items/1"

    mine = call(client, cast.alice, "POST", f"{PATH}/waiting/next")
    other = call(client, cast.dana, "POST", f"{address}/hold")
    listed = call(client, cast.dana, "GET", f"{PATH}/waiting").json["waiting"]

    assert (mine.status_code, mine.json["attempt_id"], mine.json["rubric"][0]["slug"]) == (200, first.id, "names-it")
    assert (other.status_code, cast.alice.display_name in other.json["detail"]) == (409, True)
    assert [each["held_by_id"] for each in listed] == [cast.alice.id, None]
    graded = call(client, cast.alice, "PUT", f"{address}/grade", {"chosen": ["names-it"]})
    assert (graded.json["score"], graded.json["chosen"]) == (1.5, ["names-it"])
    assert call(client, cast.alice, "PUT", f"{address}/grade", {"chosen": ["magic"]}).status_code == 422
    assert call(client, cast.dana, "POST", f"{address}/hold").status_code == 200
    assert call(client, cast.dana, "DELETE", f"{address}/hold").status_code == 204
    assert call(client, cast.dana, "POST", f"{PATH}/waiting/next").status_code == 200
    assert call(client, cast.alice, "POST", f"{PATH}/waiting/next").status_code == 404
    assert waiting.count(quiz) == 1
