"""A teacher changes what attempts earn while somebody is at it on another connection: everybody has the new points."""

from fractions import Fraction
from typing import NamedTuple

import pytest

from extensions import db
from models import Attempt, Course, Quiz
from services.quizzes import answers, attempts, manual, settings
from tests.conftest import CommittedDatabase
from tests.factories import RIGHT, QuizFactory, add_question, make_cast
from tests.meanwhile import meanwhile
from tests.quizzes.test_scores import NOW
from tests.regrades.classes import ledger


class Ids(NamedTuple):
    """Who and what the races are about, committed."""

    course: int
    quiz: int
    essays: int
    bob: int
    alice: int


@pytest.fixture
def ids(committed_db: CommittedDatabase) -> Ids:
    with committed_db.app.app_context():
        cast = make_cast()
        essays = QuizFactory(module=cast.quiz.module, slug="essays", position=9, points=20)
        add_question(essays, "essay", points=2)
        db.session.commit()
        return Ids(cast.course.id, cast.quiz.id, essays.id, cast.bob.id, cast.alice.id)


def change(ids: Ids, quiz_id: int, **given: object) -> None:
    course, quiz = db.session.get_one(Course, ids.course), db.session.get_one(Quiz, quiz_id)
    settings.change(course, quiz, given, by_id=ids.alice, now=NOW)


def points_of(site: CommittedDatabase, quiz_id: int) -> dict[int, int]:
    with site.app.app_context():
        return ledger(db.session.get_one(Quiz, quiz_id))


def test_who_starts_and_hands_in_before_a_change_is_committed_has_its_points(
    committed_db: CommittedDatabase, ids: Ids
) -> None:
    def take_it() -> None:
        attempt = attempts.start(ids.bob, db.session.get_one(Quiz, ids.quiz), now=NOW)
        for item in attempt.items:
            answers.save(attempt.id, item.position, RIGHT[item.version.kind], revision=1, now=NOW)
        attempts.submit(attempt, now=NOW)

    with committed_db.app.app_context():
        change(ids, ids.quiz, points=90)
        with meanwhile(committed_db, take_it):
            db.session.commit()

    assert points_of(committed_db, ids.quiz) == {ids.bob: 90}


def test_a_change_waits_for_marks_that_a_person_is_giving_and_counts_them(
    committed_db: CommittedDatabase, ids: Ids
) -> None:
    with committed_db.app.app_context():
        attempt = attempts.start(ids.bob, db.session.get_one(Quiz, ids.essays), now=NOW)
        answers.save(attempt.id, 1, "Words", revision=1, now=NOW)
        attempt_id = attempts.submit(attempt, now=NOW).id
        db.session.commit()

    with committed_db.app.app_context():
        manual.give(attempt_id, 1, marks=Fraction(1), comment="", grader_id=ids.alice, now=NOW)
        with meanwhile(committed_db, lambda: change(ids, ids.essays, points=90)):
            db.session.commit()

    assert points_of(committed_db, ids.essays) == {ids.bob: 45}


def test_two_teachers_who_change_at_once_settle_by_what_both_have_said(
    committed_db: CommittedDatabase, ids: Ids
) -> None:
    for right in (4, 2):
        with committed_db.app.app_context():
            attempt = attempts.start(ids.bob, db.session.get_one(Quiz, ids.quiz), now=NOW)
            for item in attempt.items[:right]:
                answers.save(attempt.id, item.position, RIGHT[item.version.kind], revision=1, now=NOW)
            attempts.submit(attempt, now=NOW)
            db.session.commit()

    with committed_db.app.app_context():
        change(ids, ids.quiz, points=90)
        with meanwhile(committed_db, lambda: change(ids, ids.quiz, counts="last")):
            db.session.commit()

    with committed_db.app.app_context():
        quiz = db.session.get_one(Quiz, ids.quiz)
        last = db.session.query(Attempt).filter_by(number=2).one()
        assert last.score is not None
        assert (quiz.points, quiz.counts) == (90, "last")
        assert ledger(quiz) == {ids.bob: round(90 * last.score / last.max_score)}
