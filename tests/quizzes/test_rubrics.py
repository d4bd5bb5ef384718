"""Rubrics: what chosen items make, marks beside them, another rubric by a regrade, and what a student reads."""

from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

import question_rubrics
from extensions import db
from models import Attempt, Quiz
from question_rubrics import RubricItem
from services.errors import InvalidInput
from services.quizzes import manual
from tests.factories import Cast, QuizFactory, add_question
from tests.people import post, sign_in
from tests.regrades.classes import NOW, from_scratch, hand_in, kept, new_version, regrade, undo

RUBRIC = [
    {"slug": "names-it", "text": "Names <it>", "points": 1.5},
    {"slug": "shows-it", "text": "Shows it", "points": 2},
    {"slug": "copied", "text": "Taken from elsewhere", "points": -1},
]


@pytest.fixture
def quiz(cast: Cast) -> Quiz:
    """A quiz of an essay of 3 marks with a rubric."""
    made: Quiz = QuizFactory(module=cast.quiz.module, slug="essays", position=9, points=30)
    question = add_question(made, "essay", points=3)
    assert question.current is not None
    question.current.rubric = RUBRIC
    db.session.flush()
    return made


@pytest.fixture
def attempt(cast: Cast, quiz: Quiz) -> Attempt:
    return hand_in(cast.bob, quiz, {1: "Words"})


def give(attempt: Attempt, cast: Cast, **said: Any) -> Fraction | None:
    """Grade the essay; return the attempt's score."""
    item = manual.load(attempt.id, 1)
    at = NOW + timedelta(minutes=1) if item.graded_at else NOW
    manual.give(attempt.id, 1, comment="", grader_id=cast.alice.id, now=at, replaces=item.graded_at, **said)
    db.session.refresh(attempt)
    return attempt.score


@given(
    points=st.lists(st.integers(-400, 400).map(lambda each: each / 100), max_size=6),
    chosen=st.sets(st.integers(0, 5)),
    most=st.integers(1, 800).map(lambda each: Fraction(each, 100)),
)
def test_marks_of_a_rubric_are_within_bounds_and_grow_with_what_is_found(
    points: list[float], chosen: set[int], most: Fraction
) -> None:
    rubric = [RubricItem(str(number), "x", each) for number, each in enumerate(points)]
    names = {str(number) for number in chosen}

    marks = question_rubrics.marks(rubric, names, most)

    assert 0 <= marks <= most
    for item in rubric:
        more = question_rubrics.marks(rubric, names | {item.slug}, most)
        assert more >= marks if item.points >= 0 else more <= marks


def test_a_rubric_that_only_takes_off_begins_with_all_marks() -> None:
    rubric = [RubricItem("late", "x", -1), RubricItem("short", "x", -0.5)]

    assert question_rubrics.marks(rubric, [], Fraction(3)) == 3
    assert question_rubrics.marks(rubric, ["late"], Fraction(3)) == 2


def test_chosen_items_make_the_marks_which_may_be_adjusted(cast: Cast, attempt: Attempt) -> None:
    assert give(attempt, cast, chosen=["shows-it", "copied"]) == 1
    assert give(attempt, cast, chosen=["names-it"], marks=Fraction(2)) == 2
    assert manual.load(attempt.id, 1).rubric == {"chosen": ["names-it"], "adjustment": "1/2"}
    assert give(attempt, cast, chosen=["names-it", "shows-it"]) == 3
    assert give(attempt, cast, marks=Fraction(1)) == 1
    assert manual.load(attempt.id, 1).rubric is None


def test_what_is_not_in_the_rubric_is_refused(cast: Cast, attempt: Attempt) -> None:
    for field, said in (("chosen", {"chosen": ["magic"]}), ("marks", {}), ("marks", {"marks": Fraction(4)})):
        with pytest.raises(InvalidInput) as refusal:
            give(attempt, cast, **said)
        assert refusal.value.field == field


def test_another_rubric_counts_by_a_regrade_for_what_was_graded_and_for_what_is_graded_then(
    cast: Cast, quiz: Quiz, attempt: Attempt
) -> None:
    give(attempt, cast, chosen=["names-it"], marks=Fraction(2))
    later = hand_in(cast.bob, quiz, {1: "Other words"})
    version = new_version(quiz.questions[0], rubric=[{**RUBRIC[0], "points": 0.5}, *RUBRIC[1:]])

    done = regrade(quiz, quiz.questions[0], "key", cast.alice, version=version.number)
    assert (db.session.get_one(Attempt, attempt.id).score, later.state) == (1, "needs_grading")
    assert give(later, cast, chosen=["names-it", "shows-it"]) == Fraction(5, 2)

    assert kept(quiz) == from_scratch(quiz)
    undo(done, cast.alice)
    assert kept(quiz) == from_scratch(quiz)
    assert [db.session.get_one(Attempt, each.id).score for each in (attempt, later)] == [2, 3]


def test_a_grader_chooses_on_the_page_and_the_student_reads_what_was_found(
    cast: Cast, quiz: Quiz, attempt: Attempt, client: FlaskClient
) -> None:
    sign_in(client, "alice")
    address = f"/attempts/{attempt.id}/items/1/grade"
    page = client.get(address).text
    assert page.count('name="chosen"') == 3
    assert "Names &lt;it&gt;" in page

    wrong = post(client, address, marks="", chosen="magic", comment="kept")
    assert (wrong.status_code, 'id="chosen-error"' in wrong.text, "kept" in wrong.text) == (422, True, True)
    assert post(client, address, marks="", chosen="names-it", comment="").status_code == 302

    assert db.session.get_one(Attempt, attempt.id).score == Fraction(3, 2)
    assert 'value="names-it" data-points="1.5" checked' in client.get(address).text
    students = client.application.test_client()
    sign_in(students, "bob")
    shown = students.get(f"/attempts/{attempt.id}/result").text
    assert "Names &lt;it&gt;" in shown
    assert "Taken from elsewhere" not in shown
