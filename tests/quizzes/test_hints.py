"""Hints with a price: taken once and in their order, charged once, and seen by the student and the staff."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from extensions import db
from models import Attempt, HintTaken, Quiz
from question_hints import cost_of, price_of, written_price
from services.errors import NotFound
from services.quizzes import answers, attempts, hints, manual
from services.quizzes.terms import GRACE
from tests.conftest import CommittedDatabase
from tests.factories import RIGHT, Cast, QuizFactory, add_question, make_cast
from tests.people import post, sign_in
from tests.quizzes.test_races import race

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PRICES = ("0", "10%", "1.5")


def add_hints(quiz: Quiz, *prices: str) -> None:
    """Give the first question of a quiz hints, and two marks."""
    version = quiz.questions[0].current
    assert version is not None
    version.points = 2
    version.hints = [
        {"text": f"Hint {number}", "html": f"<p>Think {number} times</p>", "price": price}
        for number, price in enumerate(prices or PRICES, start=1)
    ]
    db.session.flush()


@pytest.fixture
def attempt(cast: Cast) -> Attempt:
    """Bob's open attempt at a quiz whose first question has three hints."""
    add_hints(cast.quiz)
    return attempts.start(cast.bob.id, cast.quiz, now=NOW)


@pytest.mark.parametrize(
    ("written", "kept"),
    [(0, "0"), (0.5, "0.5"), (2, "2"), (1.0, "1"), ("10%", "10%"), ("10 %", "10%"), ("0%", "0"), ("100%", "100%")],
)
def test_a_price_is_marks_or_a_share(written: object, kept: str) -> None:
    assert price_of(written) == kept
    assert price_of(written_price(kept)) == kept


@pytest.mark.parametrize(
    "bad",
    [-1, 1001, 0.001, True, None, [], {}, "", "10", "-1%", "101%", "ten%", "1.5%", "%", float("nan"), float("inf")],
)
def test_what_is_no_price_is_refused(bad: object) -> None:
    with pytest.raises(ValueError, match="must be marks from 0"):
        price_of(bad)


@given(st.integers(0, 100), st.integers(1, 100_000))
def test_no_hint_costs_more_than_its_question(percent: int, hundredths: int) -> None:
    points = hundredths / 100

    assert cost_of(f"{percent}%", points) == Fraction(hundredths, 100) * percent / 100
    assert cost_of("1000", points) == min(Fraction(hundredths, 100), 1000)


def test_a_hint_is_charged_once_and_in_order(attempt: Attempt) -> None:
    with pytest.raises(hints.NotNext):
        hints.take(attempt.id, 1, 2, now=NOW)
    assert hints.take(attempt.id, 1, 1, now=NOW).lost == 0
    for _again in range(2):
        assert hints.take(attempt.id, 1, 2, now=NOW).lost == Fraction("0.2")
    found = hints.take(attempt.id, 1, 3, now=NOW)

    assert (found.lost, found.left, found.next_cost) == (Fraction("1.7"), 0, None)
    assert db.session.scalar(select(func.count()).select_from(HintTaken)) == 3
    for bad in (0, 4, -1):
        with pytest.raises(NotFound):
            hints.take(attempt.id, 1, bad, now=NOW)
    with pytest.raises(NotFound):
        hints.take(attempt.id, 2, 1, now=NOW)


def test_the_price_comes_off_the_marks_and_never_goes_below_nothing(cast: Cast, attempt: Attempt) -> None:
    for number in (1, 2, 3):
        hints.take(attempt.id, 1, number, now=NOW)
    for item in attempt.items:
        answers.save(attempt.id, item.position, RIGHT[item.version.kind], revision=1, now=NOW)
    attempts.submit(attempt, now=NOW)

    assert [item.score for item in attempt.items] == [Fraction("0.3"), 1, 1, 1]
    assert attempt.score == Fraction("3.3")

    add_hints(cast.quiz, "90%", "90%")
    again = attempts.start(cast.bob.id, cast.quiz, now=NOW)
    for number in (1, 2):
        hints.take(again.id, 1, number, now=NOW)
    answers.save(again.id, 1, RIGHT["single"], revision=1, now=NOW)
    assert attempts.submit(again, now=NOW).items[0].score == 0


def test_no_hints_after_the_end(cast: Cast, attempt: Attempt) -> None:
    attempt.deadline_at = NOW + timedelta(minutes=1)
    db.session.flush()
    late = attempt.deadline_at + GRACE + timedelta(seconds=1)

    with pytest.raises(hints.Over):
        hints.take(attempt.id, 1, 1, now=late)
    hints.take(attempt.id, 1, 1, now=NOW)
    attempts.submit(attempt, now=NOW)
    with pytest.raises(hints.Over):
        hints.take(attempt.id, 1, 2, now=NOW)
    assert hints.take(attempt.id, 1, 1, now=late).left == 2


def test_a_persons_marks_are_for_the_answer_alone(cast: Cast) -> None:
    quiz = QuizFactory(module=cast.quiz.module, slug="by-hand", position=9)
    add_question(quiz, "essay", points=2)
    add_hints(quiz, "0.5")
    attempt = attempts.start(cast.bob.id, quiz, now=NOW)
    hints.take(attempt.id, 1, 1, now=NOW)
    answers.save(attempt.id, 1, RIGHT["essay"], revision=1, now=NOW)
    attempts.submit(attempt, now=NOW)
    marks = {"comment": "", "grader_id": cast.alice.id, "now": NOW}

    item = manual.give(attempt.id, 1, marks=Fraction(2), **marks)
    assert item.score == Fraction("1.5")
    again = manual.give(attempt.id, 1, marks=Fraction(2), **{**marks, "now": NOW + timedelta(hours=1)})
    assert again.graded_at == NOW


def test_two_tabs_pay_once(committed_db: CommittedDatabase) -> None:
    with committed_db.app.app_context():
        cast = make_cast()
        add_hints(cast.quiz)
        attempt = attempts.start(cast.bob.id, cast.quiz, now=NOW).id
        hints.take(attempt, 1, 1, now=NOW)
        db.session.commit()

    outcomes = race(committed_db, *[lambda: hints.take(attempt, 1, 2, now=NOW).lost] * 6)

    assert outcomes == [Fraction("0.2")] * 6
    with committed_db.app.app_context():
        assert db.session.get_one(Attempt, attempt).items[0].hint_cost == Fraction("0.2")


@pytest.fixture
def page(client: FlaskClient, attempt: Attempt) -> str:
    sign_in(client, "bob")
    return f"/attempts/{attempt.id}"


def test_pages_take_hints_with_scripts_and_without(client: FlaskClient, attempt: Attempt, page: str) -> None:
    assert "Take hint 1 of 3: free" in client.get(page).text
    assert "It is free." in client.get(f"{page}/items/1/hints").text

    assert post(client, f"{page}/items/1/hints", number="1").status_code == 302
    asked = client.get(f"{page}/items/1/hints").text
    assert "Think 1 times" in asked
    assert "It takes 0.2 of the 2 marks" in asked
    post(client, f"{page}/items/1/hints", number="2")
    told = client.get(f"{page}/items/1/hints", headers={"Accept": "application/json"}).get_json()
    assert told["count"] == 2
    assert "Think 2 times" in told["html"]
    assert "costs 1.5 marks" in told["html"]
    assert client.get(f"{page}/answers").get_json()["items"][0]["hints"] == 2
    assert client.get(f"{page}/items/2/hints").status_code == 404
    for bad in ("", "x", "-1", "1003", "99999999999999999999"):
        assert post(client, f"{page}/items/1/hints", number=bad).status_code in (404, 409)

    post(client, f"{page}/submit")
    result = client.get(f"{page}/result").text
    assert "0.2 marks less for hints" in result
    assert "Think 2 times" in result
    assert "Think 3 times" not in result
    assert "2 hints taken" in client.get(f"{page}/versions").text
