"""What students ask a model for to practise: where their course lets them, and reviewed as all else."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from extensions import db
from models import Generation, utcnow
from services.bank import states
from services.generations import reviews
from services.practice import cards
from tests.api.conftest import Program, bob, documented, problem, program
from tests.factories import Cast
from tests.generations.conftest import Class, drafts_of
from tests.generations.loopback import KEY
from tests.people import post, sign_in

__all__ = ["bob", "documented", "program"]
WISHES = "/courses/shell/practice/wishes"
PAGE = "/courses/shell/practice"


@pytest.fixture
def offering(app: Flask, room: Class, monkeypatch: pytest.MonkeyPatch) -> Class:
    """A course that lets its students ask."""
    settings = app.extensions["yurt"].model_copy(update={"mistral_api_key": KEY})
    monkeypatch.setitem(app.extensions, "yurt", settings)
    room.course.offers_practice = room.course.students_may_ask = True
    db.session.commit()
    return room


def only_one() -> Generation:
    return db.session.scalars(select(Generation)).one()


def work(room: Class) -> None:
    turn = room.work()
    while turn():
        pass


def test_a_students_questions_are_practised_once_a_teacher_has_accepted_them(
    offering: Class, cast: Cast, bob: Program
) -> None:
    response = bob.post(WISHES, {"lesson": "first-words", "count": 1})
    assert (response.status_code, response.get_json()["state"]) == (202, "queued")
    work(offering)
    (draft,) = drafts_of(only_one())
    (waiting,) = bob.get(response.headers["Location"].removeprefix("/api/v1")).get_json()["wishes"]
    before = cards.next_of(cast.bob.id, cast.course, now=utcnow())

    made = reviews.accept(cast.course, draft, cast.alice, now=utcnow())
    for old, new in (("draft", "in_review"), ("in_review", "ready")):
        states.move(made, old=old, new=new)
    db.session.commit()
    after = cards.next_of(cast.bob.id, cast.course, now=utcnow())

    assert (waiting["lesson"], waiting["to_review"], waiting["accepted"]) == ("first-words", 1, 0)
    assert "prompt" not in str(waiting)
    assert (before, made.tags) == (None, ["generated", "practice"])
    assert after is not None
    assert after.version.question_id == made.id
    assert bob.get(WISHES).get_json()["wishes"][0]["accepted"] == 1


@pytest.mark.parametrize("column", ["offers_practice", "students_may_ask", "allows_generation"])
def test_who_is_not_let_asks_nothing(offering: Class, bob: Program, column: str) -> None:
    setattr(offering.course, column, False)
    db.session.commit()

    assert bob.post(WISHES, {"lesson": "first-words"}).status_code == 403
    assert bob.get(WISHES).status_code == 403


def test_students_have_the_same_limit_and_their_own_budget(offering: Class, cast: Cast, bob: Program) -> None:
    statuses = [bob.post(WISHES, {"lesson": "first-words"}).status_code for _request in range(6)]

    assert statuses == [202] * 5 + [429]
    assert set(db.session.scalars(select(Generation.user_id))) == {cast.bob.id}


@pytest.mark.parametrize(("changes", "field"), [({"lesson": "nowhere"}, "lessons"), ({"count": 6}, "count")])
def test_what_cannot_be_asked_for_is_named(offering: Class, bob: Program, changes: dict[str, Any], field: str) -> None:
    refusal = problem(bob.post(WISHES, {"lesson": "first-words", **changes}), 422)

    assert refusal["errors"][0]["field"] == field


def test_the_page_of_practice_has_the_form_where_students_may_ask(offering: Class, client: FlaskClient) -> None:
    sign_in(client, "bob")

    shown = client.get(PAGE).text
    asked = post(client, WISHES, lesson="first-words", count="2", key="k")
    again = post(client, WISHES, lesson="first-words", count="2", key="k")
    refused = post(client, WISHES, lesson="first-words", count="9")

    assert 'id="wish"' in shown
    assert {each.status_code for each in (asked, again, refused)} == {302}
    assert only_one().count == 2
    assert "being written" in client.get(PAGE).text
    offering.course.students_may_ask = False
    db.session.commit()
    assert 'id="wish"' not in client.get(PAGE).text
