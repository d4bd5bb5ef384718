"""Comments for graders and hints for students by the model: with consent, without names, shown word for word."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete

from extensions import db
from models import Attempt, AttemptItem, CheckRun, Generation, GenerationCall, utcnow
from reasons import Code
from services.accounts import tokens
from services.errors import LimitReached, Refused
from services.generations import aid_answers, aids, redaction
from services.generations.terms import Budget
from services.quizzes import answers, attempts
from tests.factories import Cast, QuizFactory, add_question, run_lab
from tests.generations.conftest import Class, calls_of, terms
from tests.generations.loopback import KEY, Reply
from tests.people import post, sign_in

ESSAY = "I am Bob Builder (bob@example.org, +49 30 1234567). A pipe joins programs; END of it. See www.example.org/a"


@pytest.fixture
def essay(room: Class, cast: Cast) -> AttemptItem:
    """An essay of bob's that waits for a grader, in a course that has comments and hints turned on."""
    aids.allow(room.course, comments=True, hints=True)
    cast.bob.display_name = "Bob Builder"
    quiz = QuizFactory(module=cast.quiz.module, slug="essay", position=9)
    add_question(quiz, "essay")
    attempt = attempts.start(cast.bob.id, quiz, now=utcnow())
    answers.save(attempt.id, 1, ESSAY, revision=1, now=utcnow())
    attempts.submit(attempt, now=utcnow())
    aids.consent(cast.bob, room.course, is_given=True, now=utcnow())
    db.session.commit()
    return db.session.get_one(AttemptItem, (attempt.id, 1))


@pytest.fixture
def failed(room: Class, cast: Cast) -> CheckRun:
    """A check of bob's that has failed."""
    aids.allow(room.course, hints=True)
    lab_session = run_lab(cast.bob, cast.lab, utcnow())
    db.session.add(lab_session)
    db.session.flush()
    run = CheckRun(session_id=lab_session.id, check_id=cast.check.id, state="failed", output="no such file: done")
    db.session.add(run)
    aids.consent(cast.bob, room.course, is_given=True, now=utcnow())
    db.session.commit()
    return run


def draft(room: Class, item: AttemptItem) -> Generation:
    made = aids.ask_comment(item, room.user, room.terms, room.redis, now=utcnow())
    db.session.commit()
    return made


def test_a_comment_is_drafted_paid_once_and_exactly_what_was_kept_is_sent(room: Class, essay: AttemptItem) -> None:
    done = room.finish(draft(room, essay))

    assert (done.state, done.said, done.reason) == ("done", "Look at what it says first.", None)
    (call,) = calls_of(done)
    (said,) = room.loopback.requests
    assert said["messages"] == done.messages == call.sent
    assert (call.state, call.tokens) == ("answered", 1200)
    assert essay.score is None


def test_names_and_addresses_are_not_sent_and_the_text_is_set_apart(room: Class, essay: AttemptItem) -> None:
    room.finish(draft(room, essay))

    shown = room.loopback.requests[0]["messages"][1]["content"]
    assert "I am [name] ([address], [address]). A pipe joins programs; END of it. See [address]\nEND " in shown
    assert "bob" not in shown.lower()
    assert "A essay question" in shown


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Anna Maria and anna-maria wrote to ann@a.example", "[name] and [name] wrote to [address]"),
        ("Annals of an analyst, 2026-01-02, port 8080, 192.168.1.10, 0011010111, 0755", None),
        ("Call 030/123 45 67 89 or https://a.example/x?y", "Call [address] or [address]"),
    ],
)
def test_what_is_no_name_and_no_address_stays(text: str, said: str | None) -> None:
    assert redaction.redacted(text, ["Anna Maria", "anna-maria", "Anna", "an", ""]) == (said or text)


@pytest.mark.parametrize("what", ["off", "no consent", "no key", "no text"])
def test_nothing_is_sent_where_it_may_not_be(room: Class, cast: Cast, essay: AttemptItem, what: str) -> None:
    if what == "off":
        aids.allow(room.course, comments=False)
    elif what == "no consent":
        aids.consent(cast.bob, room.course, is_given=False, now=utcnow())
    elif what == "no key":
        room.terms = terms(has_key=False)
    else:
        essay.response = None

    with pytest.raises(Refused):
        draft(room, essay)

    assert room.loopback.requests == []


@pytest.mark.parametrize("what", ["off", "consent"])
def test_what_is_taken_back_before_the_call_stops_it(room: Class, cast: Cast, essay: AttemptItem, what: str) -> None:
    asked = draft(room, essay)
    if what == "off":
        aids.allow(room.course, comments=False)
    else:
        aids.consent(cast.bob, room.course, is_given=False, now=utcnow())
    db.session.commit()

    done = room.finish(asked)

    code = Code.AID_OFF if what == "off" else Code.AID_NO_CONSENT
    assert done.state == "failed"
    assert done.reason is not None
    assert done.reason.code == code
    assert room.loopback.requests == []


def test_a_second_click_joins_the_first_and_budgets_hold(room: Class, essay: AttemptItem) -> None:
    assert draft(room, essay).id == draft(room, essay).id
    room.finish(draft(room, essay))
    room.terms = terms(budgets=dict.fromkeys(("user", "course", "total"), Budget(1300, 10**12)))

    with pytest.raises(LimitReached):
        draft(room, essay)


BAD = {
    "a link": '{"text": "Read https://example.org/answer"}',
    "HTML": '{"text": "<script>alert(1)</script>"}',
    "signs that nobody sees": '{"text": "fine\\u202e"}',
    "no JSON": "Well done!",
    "another shape": '{"grade": 7}',
    "nothing": '{"text": " "}',
    "a book": '{"text": "' + "a" * 5000 + '"}',
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_what_is_no_comment_is_not_shown(room: Class, essay: AttemptItem, text: str) -> None:
    room.loopback.script = [Reply(text=text)]

    done = room.finish(draft(room, essay))

    assert (done.state, done.said) == ("failed", None)
    assert len(room.loopback.requests) == 1


def test_a_comment_that_names_a_grade_says_so_to_its_reader(room: Class, essay: AttemptItem) -> None:
    room.loopback.script = [Reply(text='{"text": "Good, 7 of 10 points."}')]

    done = room.finish(draft(room, essay))

    assert (done.state, done.said) == ("done", "Good, 7 of 10 points.")
    assert done.reason is not None
    assert done.reason.code == Code.AID_NAMES_GRADE
    assert not aid_answers.names_a_grade("Look at line 3, and at the 2 pipes.")


def test_a_server_that_fails_is_asked_again_and_a_lost_answer_is_not(room: Class, essay: AttemptItem) -> None:
    room.loopback.script = [Reply(503), Reply(cut_at=20)]

    done = room.finish(draft(room, essay))

    assert [call.state for call in calls_of(done)] == ["refused", "lost"]
    assert (done.state, done.said) == ("failed", None)


def test_a_hint_is_of_the_checks_output_and_not_of_its_script(room: Class, cast: Cast, failed: CheckRun) -> None:
    made = aids.ask_hint(failed, cast.bob, room.terms, room.redis, now=utcnow())
    db.session.commit()

    done = room.finish(made)

    shown = room.loopback.requests[0]["messages"][1]["content"]
    assert (done.state, done.said) == ("done", "Look at what it says first.")
    assert "no such file: done" in shown
    assert cast.check.script not in shown
    failed.state = "passed"
    with pytest.raises(Refused):
        aids.ask_hint(failed, cast.bob, room.terms, room.redis, now=utcnow())


def test_what_was_sent_of_a_student_goes_with_their_answers(room: Class, cast: Cast, essay: AttemptItem) -> None:
    made = room.finish(draft(room, essay)).id

    db.session.execute(delete(Attempt).where(Attempt.id == essay.attempt_id))
    db.session.expire_all()

    assert db.session.query(Generation).filter_by(id=made).all() == []
    assert db.session.query(GenerationCall).filter_by(generation_id=made).all() == []


@pytest.fixture
def site(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], FlaskClient]:
    """A site with a model; sign somebody in."""
    changed: Any = app.extensions["yurt"].model_copy(update={"mistral_api_key": KEY})
    monkeypatch.setitem(app.extensions, "yurt", changed)

    def enter(name: str) -> FlaskClient:
        client = app.test_client()
        sign_in(client, name)
        return client

    return enter


def test_a_grader_sees_what_is_sent_takes_the_draft_and_gives_the_marks(
    room: Class, essay: AttemptItem, site: Callable[[str], FlaskClient]
) -> None:
    alice, address = site("alice"), f"/attempts/{essay.attempt_id}/items/1"
    before = alice.get(f"{address}/grade").text
    sent = post(alice, f"{address}/comment-draft")
    made = aids.comment_on(essay.attempt_id, 1)
    assert made is not None
    waiting = alice.get(f"{address}/comment-draft").text
    room.finish(made)
    page = alice.get(f"{address}/grade").text
    taken = alice.get(f"{address}/grade?draft=1").text

    assert "What would be sent" in before
    assert "I am [name]" in before
    assert sent.status_code == 302
    assert "data-waits" in waiting
    assert '<blockquote class="generation-said">Look at what it says first.</blockquote>' in page
    assert ">Look at what it says first.</textarea>" in taken
    assert ">Look at what it says first.</textarea>" not in page


def test_a_student_decides_and_sees_what_was_sent_of_theirs(
    room: Class, cast: Cast, essay: AttemptItem, site: Callable[[str], FlaskClient]
) -> None:
    room.finish(draft(room, essay))
    bob = site("bob")

    page = bob.get("/courses/shell/model").text
    post(bob, "/courses/shell/model/consent", consent="0")

    assert "I am [name]" in page
    assert "Look at what it says first." not in page
    assert not aids.has_consent(cast.bob.id, room.course.id)
    assert "so nothing is sent" in site("alice").get(f"/attempts/{essay.attempt_id}/items/1/grade").text


def test_a_student_asks_for_a_hint_on_its_page(
    room: Class, cast: Cast, failed: CheckRun, site: Callable[[str], FlaskClient]
) -> None:
    bob, address = site("bob"), f"/courses/shell/labs/first-lab/checks/{cast.check.slug}/model-hint"
    lab = bob.get("/courses/shell/labs/first-lab").text
    before = bob.get(address).text
    post(bob, address)
    room.finish(db.session.query(Generation).one())

    assert address in lab
    assert "no such file: done" in before
    assert "Look at what it says first." in bob.get(f"{address}?partial=1").text
    assert "nobody has checked it" in bob.get(address).text


def test_what_was_sent_for_questions_is_shown_to_staff_word_for_word(
    room: Class, site: Callable[[str], FlaskClient]
) -> None:
    done = room.finish(room.ask("text"))

    page = site("alice").get(f"/courses/shell/generations/{done.id}/sent").text

    assert "A pipe joins the output of one program to the input of the next one." in page
    assert "You write quiz questions for a course." in page
    assert calls_of(done)[0].sent == room.loopback.requests[0]["messages"]


def test_programs_turn_it_on_ask_and_read_what_was_sent(
    room: Class, essay: AttemptItem, site: Callable[[str], FlaskClient], app: Flask, cast: Cast
) -> None:
    _row, token = tokens.issue(cast.alice.id, name="x", scopes=tokens.SCOPES, days=9, now=utcnow())
    db.session.commit()
    site("alice")
    client, headers = app.test_client(), {"Authorization": f"Bearer {token}"}
    address = f"/api/v1/attempts/{essay.attempt_id}/items/1/comment-draft"
    told = client.put("/api/v1/courses/shell/model-aids", json={"hints": False}, headers=headers).get_json()
    none = client.get(address, headers=headers)
    made = client.post(address, headers=headers)
    room.finish(db.session.query(Generation).one())
    done = client.get(address, headers=headers).get_json()

    assert told == {"comments": True, "hints": False, "is_possible": True}
    assert (none.status_code, made.status_code, made.get_json()["is_waiting"]) == (404, 202, True)
    assert (done["state"], done["comment"], done["reason"]) == ("done", "Look at what it says first.", None)
    assert done["messages"] == room.loopback.requests[0]["messages"]
