"""What students see of a closed attempt, on pages and by the API, and what the staff see."""

from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from flask.testing import FlaskClient

from extensions import db
from models import Attempt, Quiz, utcnow
from question_types import TYPES, type_of
from question_types.samples import samples_of
from quiz_settings import REVEALED
from services.quizzes import answers, attempts
from tests.api.conftest import Program
from tests.factories import Cast, QuizFactory, add_question
from tests.people import sign_in

WHEN = ("never", "submitted", "closed")
NOT_YET = {"never": False, "submitted": True, "closed": False}


def closed_attempt(cast: Cast, **reveal: str) -> Attempt:
    """Return bob's attempt with a right and a wrong answer, at a quiz that closes in an hour."""
    now = utcnow()
    for name, when in reveal.items():
        setattr(cast.quiz, f"reveal_{name}", when)
    cast.quiz.closes_at = now + timedelta(hours=1)
    attempt = attempts.start(cast.bob.id, cast.quiz, now=now)
    answers.save(attempt.id, 1, "a", revision=1, now=now)
    answers.save(attempt.id, 4, "rm", revision=1, now=now)
    return attempts.submit(attempt, now=now)


def told(program: Program, attempt: Attempt) -> dict[str, bool]:
    document = program.get(f"/attempts/{attempt.id}").get_json()
    items = document["items"]
    return {
        "score": document["score"] is not None and document["percent"] is not None,
        "correctness": all(item["score"] is not None for item in items),
        "answer": all(item["solution"] is not None for item in items),
        "feedback": all(item["feedback_html"] is not None for item in items),
    }


@pytest.mark.parametrize(("name", "when"), list(product(REVEALED, WHEN)))
def test_each_part_is_shown_by_itself(cast: Cast, alice: Program, bob: Program, name: str, when: str) -> None:
    attempt = closed_attempt(cast, **{name: when})

    assert told(bob, attempt) == {**dict.fromkeys(REVEALED, True), name: NOT_YET[when]}
    assert told(alice, attempt) == dict.fromkeys(REVEALED, True)
    assert bob.get(f"/attempts/{attempt.id}").get_json()["hidden"] == ([] if NOT_YET[when] else [name])


def test_what_waits_for_the_close_is_shown_after_it(cast: Cast, bob: Program) -> None:
    attempt = closed_attempt(cast, **dict.fromkeys(REVEALED, "closed"))
    before = told(bob, attempt)

    cast.quiz.closes_at = utcnow()
    db.session.flush()

    assert (before, told(bob, attempt)) == (dict.fromkeys(REVEALED, False), dict.fromkeys(REVEALED, True))


@pytest.mark.parametrize("ended", ["by the deadline", "by the student"])
def test_what_could_be_sent_as_a_late_answer_is_shown_when_none_is_accepted_any_more(
    client: FlaskClient, cast: Cast, alice: Program, bob: Program, ended: str
) -> None:
    cast.quiz.time_limit_s, cast.quiz.late_answers = 60, "accept"
    began = utcnow() - timedelta(hours=1)
    attempt = attempts.start(cast.bob.id, cast.quiz, now=began)
    if ended == "by the student":
        attempts.submit(attempt, now=began)
    attempts.close_overdue(utcnow())
    sign_in(client, "bob")
    page = client.get(f"/attempts/{attempt.id}/result").text
    before, of_staff = told(bob, attempt), told(alice, attempt)

    cast.quiz.late_answers = "keep"
    db.session.flush()

    everything = dict.fromkeys(REVEALED, True)
    is_open = ended == "by the deadline"
    assert before == ({**dict.fromkeys(REVEALED, False), "score": True} if is_open else everything)
    assert (of_staff, told(bob, attempt)) == (everything, everything)
    assert ("count if they come by" in page) == is_open
    assert ("what was right, the right answers, the feedback" in page) == is_open


def test_the_page_of_a_result_says_what_is_shown_later_and_what_never(client: FlaskClient, cast: Cast) -> None:
    attempt = closed_attempt(cast, answer="closed", feedback="never")
    sign_in(client, "bob")

    page = " ".join(client.get(f"/attempts/{attempt.id}/result").text.split())

    assert " on: the right answers<" in page
    assert "Not shown: the feedback<" in page


def test_a_hidden_score_is_in_no_list_and_on_no_page(client: FlaskClient, cast: Cast, bob: Program) -> None:
    attempt = closed_attempt(cast, score="never", correctness="never")
    listed = bob.get("/courses/shell/quizzes/first-quiz/attempts").get_json()["attempts"][0]
    sign_in(client, "bob")

    front = client.get("/courses/shell/quizzes/first-quiz").text
    result = client.get(f"/attempts/{attempt.id}/result").text

    assert (listed["score"], listed["percent"], listed["hidden"]) == (None, None, ["score", "correctness"])
    assert "25 %" not in front and "25 <small>" not in result
    assert "not shown" in front
    assert "The score isn’t shown." in result
    assert "0 of 1 marks" not in result


def test_hidden_answers_are_not_on_the_page(client: FlaskClient, cast: Cast) -> None:
    attempt = closed_attempt(cast, answer="closed")
    sign_in(client, "bob")

    page = client.get(f"/attempts/{attempt.id}/result").text

    assert "Right, for example" not in page
    assert "ls -a" not in page
    assert page.count("choice-right") == 1  # the one that was chosen, but none of those that weren't
    assert "Shown from" in page


@pytest.mark.parametrize("kind", TYPES)
def test_a_type_keeps_its_secrets_where_answers_are_hidden(client: FlaskClient, cast: Cast, kind: str) -> None:
    samples, now = samples_of(kind), utcnow()
    quiz: Quiz = QuizFactory(module=cast.quiz.module, slug="one", reveal_answer="never", reveal_feedback="never")
    add_question(quiz, kind).current.spec = type_of(kind).parse(dict(samples.raw))
    db.session.flush()
    attempt = attempts.start(cast.bob.id, quiz, now=now)
    answer = None if samples.is_sent_by_script else samples.wrong
    answers.save(attempt.id, 1, answer, revision=1, now=now, is_of_site=samples.is_given_by_site)
    attempts.submit(attempt, now=now)
    sign_in(client, "bob")

    page = client.get(f"/attempts/{attempt.id}/result")

    assert page.status_code == 200
    assert [secret for secret in samples.secrets if secret != "feedback" and secret in page.text] == []
    assert "Because." not in page.text
    assert "Right:" not in page.text and "Right, for example" not in page.text
    assert "choice-right" not in page.text


def test_the_staff_are_told_what_students_do_not_see(client: FlaskClient, cast: Cast) -> None:
    attempt = closed_attempt(cast, answer="never")
    sign_in(client, "alice")

    page = client.get(f"/attempts/{attempt.id}/result").text

    assert "Students don’t see now: the right answers" in " ".join(page.split())
    assert "ls -a" in page


def test_an_open_attempt_shows_nothing_to_nobody(cast: Cast, alice: Program, bob: Program) -> None:
    attempt = attempts.start(cast.bob.id, cast.quiz, now=utcnow())

    for program in (alice, bob):
        document: dict[str, Any] = program.get(f"/attempts/{attempt.id}").get_json()
        assert all(item["solution"] is None and item["feedback_html"] is None for item in document["items"])
