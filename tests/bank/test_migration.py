"""The bank's migration: questions of quizzes become the bank's, with a slot each, and attempts keep their weights."""

import pytest
from flask_migrate import downgrade, upgrade
from sqlalchemy import select, text

from extensions import db
from models import Attempt, Question, Quiz
from services.quizzes import attempts
from tests.conftest import CommittedDatabase
from tests.factories import add_question, make_cast
from tests.quizzes.test_draws import NOW, drawing_quiz

BEFORE = "0021"


def test_questions_of_quizzes_come_into_the_bank_and_go_back(committed_db: CommittedDatabase) -> None:
    with committed_db.app.app_context():
        cast = make_cast()
        cast.quiz.questions[0].current.points = 2.5
        gone = add_question(cast.quiz, "text")
        gone.is_archived = True
        started = attempts.start(cast.bob.id, cast.quiz, now=NOW).id
        db.session.commit()
        quiz_id, gone_id, course_id = cast.quiz.id, gone.id, cast.course.id
        slots = [slot.question_id for slot in cast.quiz.slots if slot.question_id != gone_id]
        db.session.remove()

        downgrade(revision=BEFORE)
        upgrade()

        quiz = db.session.get_one(Quiz, quiz_id)
        assert [(slot.position, slot.question_id) for slot in quiz.slots] == list(enumerate(slots, start=1))
        assert {question.course_id for question in quiz.questions} == {course_id}
        assert {question.state for question in quiz.questions} == {"ready"}
        assert db.session.get_one(Question, gone_id).is_archived
        weights = db.session.execute(
            text("SELECT points FROM attempt_items WHERE attempt_id = :id ORDER BY position"), {"id": started}
        )
        assert [float(points) for points in weights.scalars()] == [2.5, 1, 1, 1]


def test_what_only_the_bank_holds_and_was_answered_is_not_thrown_away(
    committed_db: CommittedDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    with committed_db.app.app_context():
        cast = make_cast()
        quiz = drawing_quiz(cast, count=1, pool=2)
        started = attempts.start(cast.bob.id, quiz, now=NOW).id
        db.session.commit()
        db.session.remove()

        with pytest.raises(SystemExit):
            downgrade(revision=BEFORE)

        assert "Questions of the bank have been answered" in caplog.text
        assert len(db.session.get_one(Attempt, started).items) == 1


def test_a_bank_that_nobody_was_asked_from_goes_away(committed_db: CommittedDatabase) -> None:
    with committed_db.app.app_context():
        drawing_quiz(make_cast(), count=1, pool=2)
        db.session.commit()
        db.session.remove()

        downgrade(revision=BEFORE)
        upgrade()

        assert db.session.scalars(select(Question.slug).order_by(Question.slug)).all() == ["q1", "q2", "q3", "q4"]
