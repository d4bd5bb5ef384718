"""Points that an instructor gives by hand, and the pages on which a student reads what theirs are for."""

from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from extensions import db as database
from models import CourseTotal, Enrolment, PointEntry
from services.accounts import tokens
from services.courses import progress
from services.leaderboards import entries, points
from tests.factories import Cast
from tests.people import post, sign_in

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
GOOD = {"points": "7", "reason": "Helped others", "key": "one"}


def path(cast: Cast) -> str:
    return f"/courses/shell/people/{cast.bob.id}/points"


def has(cast: Cast) -> int:
    return entries.total(cast.course, cast.bob.id)


def test_a_form_sent_twice_gives_points_once(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, "alice")

    statuses = [post(client, path(cast), **GOOD).status_code for _time in range(2)]

    assert statuses == [302, 302]
    assert has(cast) == 7


def test_the_student_reads_the_reason_as_it_was_written(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, "alice")
    post(client, path(cast), **{**GOOD, "reason": "a <b>fine</b> *answer*"})
    bobs = client.application.test_client()
    sign_in(bobs, "bob")

    page = bobs.get("/courses/shell/points").text

    assert "a &lt;b&gt;fine&lt;/b&gt; *answer*" in page
    assert "Given by Alice" in page
    assert "+7" in page


def test_points_can_be_taken(client: FlaskClient, cast: Cast) -> None:
    progress.complete_lesson(cast.bob.id, cast.lesson, now=NOW)
    sign_in(client, "alice")

    post(client, path(cast), **{**GOOD, "points": "-3"})

    assert has(cast) == 2
    assert "-3" in client.get(path(cast)).text


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"points": ""}, "Say how many points."),
        ({"points": "many"}, "Not a valid integer value."),
        ({"points": "0"}, "Give at least one point, or take one."),
        ({"points": "10001"}, "Give or take 10000 points at most."),
        ({"reason": "  "}, "Say why; the student reads it."),
        ({"reason": "x" * 501}, "500 characters at most."),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_lost(
    client: FlaskClient, cast: Cast, wrong: dict[str, str], words: str
) -> None:
    sign_in(client, "alice")

    response = post(client, path(cast), **{**GOOD, **wrong})

    assert response.status_code == 422
    assert words in response.text
    assert 'value="one"' in response.text
    assert has(cast) == 0


def test_nobody_but_students_gets_points(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, "dana")

    response = post(client, f"/courses/shell/people/{cast.alice.id}/points", **GOOD)

    assert response.status_code == 409


def ask(client: FlaskClient, user: Any, method: str, address: str, body: Any = None) -> Any:
    _row, plain = tokens.issue(user.id, name="x", scopes=("read", "write"), days=9, now=datetime.now(UTC))
    return client.open(address, method=method, json=body, headers={"Authorization": f"Bearer {plain}"})


def test_the_api_gives_points_once_a_key(client: FlaskClient, cast: Cast) -> None:
    body = {"points": 5, "reason": "r", "key": "k1"}

    answers = [ask(client, cast.alice, "POST", f"/api/v1{path(cast)}", body).json for _time in range(2)]

    assert [answer["is_new"] for answer in answers] == [True, False]
    assert answers[0]["id"] == answers[1]["id"]
    listed = ask(client, cast.bob, "GET", "/api/v1/courses/shell/points").json
    assert (listed["points"], listed["total"]) == (5, 1)
    assert (listed["entries"][0]["reason"], listed["entries"][0]["given_by"]) == ("r", "Alice")


@pytest.mark.parametrize(("field", "value"), [("points", 0), ("points", 10_001), ("reason", " "), ("key", "a b")])
def test_the_api_names_the_field_that_is_wrong(client: FlaskClient, cast: Cast, field: str, value: Any) -> None:
    body = {"points": 5, "reason": "r", field: value}

    response = ask(client, cast.alice, "POST", f"/api/v1{path(cast)}", body)

    assert response.status_code == 422
    assert response.json["errors"][0]["field"] == field


def test_entries_are_told_by_what_they_are_for(cast: Cast) -> None:
    progress.complete_lesson(cast.bob.id, cast.lesson, now=NOW)
    who = {"user_id": cast.bob.id, "course_id": cast.course.id, "now": NOW}
    points.settle(**who, source=f"quiz:{cast.quiz.id}", kind="quiz", points=9)
    points.settle(**who, source=f"quiz:{cast.quiz.id}", kind="compensation", points=6)
    points.award(**who, source=f"check:{cast.check.id}", kind="check", points=10)
    points.award(**who, source="check:999999", kind="check", points=1)

    page = entries.of(cast.course, cast.bob.id)

    assert [(entry.kind, entry.points, entry.title) for entry in page.rows] == [
        ("check", 1, None),
        ("check", 10, cast.check.title),
        ("compensation", -3, cast.quiz.title),
        ("quiz", 9, cast.quiz.title),
        ("lesson", 5, cast.lesson.title),
    ]
    assert entries.total(cast.course, cast.bob.id) == 22
    assert page.rows[1].activity is cast.lab


def test_whoever_left_still_has_what_they_got(cast: Cast) -> None:
    progress.complete_lesson(cast.bob.id, cast.lesson, now=NOW)
    database.session.delete(database.session.get_one(Enrolment, (cast.course.id, cast.bob.id)))
    database.session.flush()

    assert entries.of(cast.course, cast.bob.id).total == 1
    assert database.session.scalars(select(PointEntry)).one().points == 5
    assert database.session.scalars(select(CourseTotal)).one().points == 5
