"""Marks are exact: nobody misses a pass mark by a rounding, and stored roundings are mended."""

from datetime import UTC, datetime
from fractions import Fraction

from flask_migrate import downgrade, upgrade
from sqlalchemy import text

from extensions import db
from models import Attempt, AttemptItem, Completion, CourseTotal, PointEntry, Quiz
from question_types import type_of
from services.quizzes import answers, attempts
from tests.conftest import CommittedDatabase
from tests.factories import Cast, QuizFactory, add_question, make_cast

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
THIRDS = {"choices": [{"text": str(number), "is_correct": number < 3} for number in range(6)]}


def quiz_of_thirds(cast: Cast) -> Quiz:
    """Six questions with three right choices each, that pass at one half."""
    quiz: Quiz = QuizFactory(module=cast.quiz.module, slug="thirds", position=9, pass_percent=50)
    for _ in range(6):
        add_question(quiz, "multiple").current.spec = type_of("multiple").parse(THIRDS)
    db.session.flush()
    return quiz


def half_right(cast: Cast, quiz: Quiz) -> Attempt:
    """Answer one question whole, and the others with one of three marks: 1 + 1 + 1/3 + 1/3 + 1/3 + 0."""
    attempt = attempts.start(cast.bob.id, quiz, now=NOW)
    for position, marked in enumerate((["a", "b", "c"], ["a", "b", "c"], ["a"], ["b"], ["c"]), start=1):
        answers.save(attempt.id, position, marked, revision=1, now=NOW)
    return attempts.submit(attempt, now=NOW)


def test_thirds_make_a_whole_and_pass(cast: Cast) -> None:
    attempt = half_right(cast, quiz_of_thirds(cast))
    db.session.expire_all()

    assert (attempt.score, attempt.max_score, attempt.percent) == (3, 6, 50)
    assert {item.score for item in attempt.items} == {0, 1, Fraction(1, 3)}
    assert db.session.get(Completion, (cast.bob.id, attempt.quiz_id)) is not None


def test_decimal_weights_meet_their_pass_mark(cast: Cast) -> None:
    quiz: Quiz = QuizFactory(module=cast.quiz.module, slug="weights", position=9, pass_percent=29)
    for points in (0.29, 0.71):
        add_question(quiz, "single", points=points)
    db.session.flush()
    attempt = attempts.start(cast.bob.id, quiz, now=NOW)
    answers.save(attempt.id, 1, "a", revision=1, now=NOW)

    attempts.submit(attempt, now=NOW)

    assert (attempt.score, attempt.max_score, attempt.percent) == (Fraction(29, 100), 1, 29)
    assert db.session.get(Completion, (cast.bob.id, quiz.id)) is not None


def test_stored_roundings_are_mended(committed_db: CommittedDatabase) -> None:
    with committed_db.app.app_context():
        cast = make_cast()
        quiz = quiz_of_thirds(cast)
        quiz.points = 3  # half of it is 1.5, which the rounded score fell short of
        attempt = half_right(cast, quiz)
        key, bob, course = attempt.id, cast.bob.id, cast.course.id
        db.session.commit()
        # As it was before: four decimals, 49 per cent, not passed, a point less.
        downgrade(revision="0013")
        db.session.execute(text("UPDATE attempt_items SET score = 0.3333 WHERE score > 0 AND score < 1"))
        db.session.execute(text("UPDATE attempts SET score = 2.9999 WHERE id = :id"), {"id": key})
        db.session.execute(text("DELETE FROM completions"))
        db.session.execute(
            text("UPDATE point_entries SET points = 1 WHERE source = :source"), {"source": f"attempt:{key}"}
        )
        db.session.execute(text("UPDATE course_totals SET points = 1"))
        db.session.commit()

        upgrade()

        mended = db.session.get_one(Attempt, key)
        assert (mended.score, mended.percent) == (3, 50)
        assert db.session.get_one(AttemptItem, (key, 3)).score == Fraction(1, 3)
        assert db.session.get(Completion, (bob, mended.quiz_id)) is not None
        assert db.session.query(PointEntry).filter_by(source=f"quiz:{mended.quiz_id}").one().points == 2
        assert db.session.get_one(CourseTotal, (course, bob)).points == 2
        db.session.remove()
