"""Regrades by page and by API: the whole way, what students read, and what is refused."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event

from extensions import db
from models import Attempt, Quiz, QuizOverride, Regrade, User
from services.accounts import tokens
from services.regrades import applying, asking
from services.regrades.asking import Asked
from tests.factories import Cast, EnrolmentFactory, QuizFactory, UserFactory, add_question
from tests.people import post, sign_in
from tests.regrades.classes import NOW, WHY, hand_in, regrade, right_choice, undo

PATH = "/courses/shell/quizzes/exam/regrades"


@pytest.fixture
def quiz(cast: Cast) -> Quiz:
    made: Quiz = QuizFactory(module=cast.quiz.module, slug="exam", position=9, points=40)
    for kind, points in (("single", 2), ("text", 1)):
        add_question(made, kind, points=points)
    db.session.flush()
    return made


@pytest.fixture
def attempt(cast: Cast, quiz: Quiz) -> Attempt:
    return hand_in(cast.bob, quiz, {1: "b", 2: "A <b>pipe</b>"})


def call(client: FlaskClient, user: User, method: str, path: str, body: Any = None) -> Any:
    _row, plain = tokens.issue(user.id, name="x", scopes=("read", "write"), days=9, now=datetime.now(UTC))
    headers = {"Authorization": f"Bearer {plain}"}
    said = None if body is None else json.dumps(body)
    return client.open(f"/api/v1{path}", method=method, data=said, content_type="application/json", headers=headers)


def test_a_teacher_accepts_an_answer_looks_applies_and_takes_it_back(
    cast: Cast, quiz: Quiz, attempt: Attempt, client: FlaskClient
) -> None:
    sign_in(client, "alice")
    form = f"{PATH}/new?question={quiz.questions[1].id}"
    assert form.replace("&", "&amp;") in client.get(PATH).text
    assert "A &lt;b&gt;pipe&lt;/b&gt;" in client.get(form).text

    sent = post(client, form, kind="accept", attempt_id=str(attempt.id), reason="It is <i>right</i>, too")
    page = client.get(sent.location).text
    assert "0 of 3 → 1 of 3" in page
    assert "0 of 1 → 1 of 1" in page
    assert cast.bob.display_name in page
    digest = page.split('name="digest" value="')[1].split('"')[0]
    applied = post(client, f"{sent.location}/apply", digest=digest)

    assert applied.status_code == 302
    assert db.session.get_one(Attempt, attempt.id).score == 1
    history = client.get(PATH).text
    assert "It is &lt;i&gt;right&lt;/i&gt;, too" in history
    assert "1 up, 0 down, 0 same" in history
    again = post(client, f"{sent.location}/apply", digest=digest)
    assert again.status_code == 409
    back = client.get(f"{sent.location}/undo").text
    assert "1 of 3 → 0 of 3" in back
    assert "13 → 0" in back
    digest = back.split('name="digest" value="')[1].split('"')[0]
    assert post(client, f"{sent.location}/undo", digest="0" * 64, reason="What I wrote").status_code == 409
    assert post(client, f"{sent.location}/undo", digest=digest, reason="No").status_code == 302
    assert client.get(f"{sent.location}/undo").location == sent.location
    assert db.session.get_one(Attempt, attempt.id).score == 0
    assert post(client, f"{sent.location}/undo").status_code == 409


def test_a_stale_preview_shows_the_new_one(cast: Cast, quiz: Quiz, attempt: Attempt, client: FlaskClient) -> None:
    sign_in(client, "alice")
    form = f"{PATH}/new?question={quiz.questions[0].id}"
    made = post(client, form, kind="drop", how="full", reason=WHY).location
    old = client.get(made).text.split('name="digest" value="')[1].split('"')[0]
    victor = UserFactory(display_name="Victor")
    hand_in(victor, quiz, {1: "b"})

    page = post(client, f"{made}/apply", digest=old)

    assert page.status_code == 409
    assert "Something was graded or handed in since this preview" in page.text
    assert "Victor" in page.text
    assert old not in page.text


@pytest.mark.parametrize(
    ("field", "sent"),
    [
        ("kind", {}),
        ("points", {"kind": "points", "points": "much"}),
        ("points", {"kind": "points", "points": "0"}),
        ("how", {"kind": "drop"}),
        ("version", {"kind": "key", "version": "x"}),
        ("attempt_id", {"kind": "accept", "attempt_id": "99999999"}),
        ("reason", {"kind": "drop", "how": "out", "reason": " "}),
    ],
)
def test_a_form_that_cannot_be_used_names_the_field_and_keeps_the_reason(
    cast: Cast, quiz: Quiz, attempt: Attempt, client: FlaskClient, field: str, sent: dict[str, str]
) -> None:
    sign_in(client, "alice")
    said = {"reason": "What I wrote", **sent}

    page = post(client, f"{PATH}/new?question={quiz.questions[0].id}", **said)

    assert page.status_code == 422
    assert f'id="{field}-error"' in page.text
    assert said["reason"] in page.text


def test_a_new_version_is_offered_as_the_key(cast: Cast, quiz: Quiz, attempt: Attempt, client: FlaskClient) -> None:
    sign_in(client, "alice")
    form = f"{PATH}/new?question={quiz.questions[0].id}"
    assert "Write the right key as a new version first" in client.get(form).text
    right_choice(quiz.questions[0], "b")

    assert '<option value="2"' in client.get(form).text
    assert 'value="key" checked' in client.get(f"{form}&version=2").text


def test_a_student_reads_why_and_sees_the_question_as_it_was_asked(
    cast: Cast, quiz: Quiz, attempt: Attempt, client: FlaskClient
) -> None:
    version = right_choice(quiz.questions[0], "b")
    version.prompt_html = "<p>Quite another question</p>"
    done = regrade(quiz, quiz.questions[0], "key", cast.alice, version=2)
    sign_in(client, "bob")
    path = f"/attempts/{attempt.id}/result"

    shown, listed = client.get(path).text, client.get("/courses/shell/quizzes/exam").text

    assert "question 1: 0 of 2 → 2 of 2 marks" in shown
    assert "in total: 0 of 3 → 2 of 3 marks" in shown
    assert WHY in shown
    assert "Quite another question" not in shown
    assert ">regraded</a>" in listed
    assert WHY in listed
    said = call(client, cast.bob, "GET", f"/attempts/{attempt.id}").json
    assert (said["regrades"][0]["reason"], said["regrades"][0]["score_after"]) == (WHY, 2)
    assert said["items"][0]["solution"] == version.spec["choices"][1]["text"]

    quiz.reveal_score = "never"
    db.session.flush()
    hidden = client.get(path).text
    assert WHY in hidden
    assert "in total" not in hidden
    assert call(client, cast.bob, "GET", f"/attempts/{attempt.id}").json["regrades"][0]["score_after"] is None
    undo(done, cast.alice)
    assert "A regrade was taken back" in client.get(path).text


def test_a_program_previews_applies_lists_and_takes_back(
    cast: Cast, quiz: Quiz, attempt: Attempt, client: FlaskClient
) -> None:
    asked = {"question_id": quiz.questions[0].id, "kind": "points", "points": 1, "reason": WHY}
    hand_in(UserFactory(), quiz, {1: "a"})

    made = call(client, cast.alice, "POST", PATH, asked)
    address = f"/regrades/{made.json['id']}"
    stale = call(client, cast.alice, "POST", f"{address}/apply", {"digest": "0" * 64})
    applied = call(client, cast.dana, "POST", f"{address}/apply", {"digest": made.json["digest"]})

    assert (made.status_code, made.json["state"], made.json["total"]) == (201, "draft", 2)
    assert made.json["effect"] == {
        "up": 0,
        "down": 1,
        "same": 1,
        "before": 1 / 3,
        "after": 0.25,
        "points": -7,
        "completed": 0,
        "reopened": 0,
    }
    assert [(each["stood"], each["stands"]) for each in made.json["changes"]] == [
        ({"points": 0, "is_done": False}, {"points": 0, "is_done": False}),
        ({"points": 27, "is_done": True}, {"points": 20, "is_done": True}),
    ]
    assert (stale.status_code, stale.json["reason"]["code"]) == (409, "regrade_stale")
    assert (applied.status_code, applied.json["state"], applied.json["number"]) == (200, "applied", 1)
    assert call(client, cast.alice, "GET", PATH).json["regrades"][0]["applied_by_id"] == cast.dana.id
    back = call(client, cast.alice, "GET", f"{address}/undo").json
    assert (back["state"], back["effect"]["points"], back["total"]) == ("applied", 7, 2)
    stale = call(client, cast.alice, "POST", f"{address}/undo", {"digest": "0" * 64})
    assert (stale.status_code, stale.json["reason"]["code"]) == (409, "regrade_stale")
    undone = call(client, cast.alice, "POST", f"{address}/undo", {"reason": "Better not", "digest": back["digest"]})
    assert (undone.json["state"], undone.json["undo_reason"], undone.json["total"]) == ("undone", "Better not", 4)
    again = call(client, cast.alice, "POST", f"{address}/undo")
    assert (again.status_code, again.json["reason"]["code"]) == (409, "regrade_over")
    assert call(client, cast.alice, "GET", f"{address}/undo").status_code == 409


def test_a_program_reads_why_a_value_cannot_be_used_as_a_code(cast: Cast, quiz: Quiz, client: FlaskClient) -> None:
    asked = {"question_id": quiz.questions[0].id, "kind": "key", "version": 7, "reason": WHY}

    refused = call(client, cast.alice, "POST", PATH, asked)

    assert (refused.status_code, refused.json["errors"]) == (
        422,
        [
            {
                "field": "version",
                "message": "must be the number of a version that came after the one that was asked",
                "reason": {"code": "version_not_later", "params": {}},
            }
        ],
    )


@pytest.mark.parametrize(("position", "credits"), [(1, [100] * 8), (3, [100] + [50] * 7)])
def test_a_preview_of_a_class_takes_a_few_statements(cast: Cast, quiz: Quiz, position: int, credits: list[int]) -> None:
    add_question(quiz, "essay")
    quiz.late_credit, quiz.due_at = [{"hours": 1, "percent": 50}], NOW - timedelta(minutes=30)
    for number in range(8):
        student = UserFactory()
        EnrolmentFactory(course=cast.course, user=student)
        if number == 0:
            db.session.add(QuizOverride(quiz_id=quiz.id, user_id=student.id, due_at=NOW))
        hand_in(student, quiz, {1: "b", 3: "Words"})
    question = quiz.questions[position - 1]
    made = asking.draft(quiz, question.id, Asked("drop", how="full"), WHY, by_id=cast.alice.id, now=NOW)
    number = made.id
    db.session.expire_all()
    seen: list[str] = []

    def note(*args: Any) -> None:
        seen.append(args[2])

    event.listen(db.engine, "before_cursor_execute", note)
    plan = applying.preview(db.session.get_one(Regrade, number))
    event.remove(db.engine, "before_cursor_execute", note)

    assert [line.credit_percent for line in plan.changed] == credits
    assert len(seen) <= 8
