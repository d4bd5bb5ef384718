"""Two real connections at once: editors make versions after each other, and a start has a question or hasn't."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from extensions import db
from models import Attempt, Course, Question, Quiz
from services.bank import questions, states
from services.bank.questions import ChangedMeanwhile
from services.quizzes import attempts
from tests.bank.test_questions import written
from tests.conftest import CommittedDatabase
from tests.factories import UserFactory, make_cast
from tests.quizzes.test_draws import NOW, drawing_quiz
from tests.quizzes.test_races import race

RACERS = 6


@pytest.fixture
def ids(committed_db: CommittedDatabase) -> Iterator[tuple[int, int, int]]:
    """Return the ids of the course, of a quiz that draws two of four, and of one of these four, committed."""
    with committed_db.app.app_context():
        cast = make_cast()
        quiz = drawing_quiz(cast, count=2, pool=4)
        db.session.commit()
        question = db.session.scalars(select(Question).where(Question.slug == "file-0")).one()
        found = cast.course.id, quiz.id, question.id
    yield found


def test_of_editors_of_one_version_one_wins_and_the_others_are_told(
    committed_db: CommittedDatabase, ids: tuple[int, int, int]
) -> None:
    course_id, _quiz, question_id = ids

    def edit(words: str) -> bool:
        return questions.edit(db.session.get_one(Course, course_id), question_id, written(words), based_on=1)

    outcomes = race(committed_db, *[lambda words=f"Words {number}": edit(words) for number in range(RACERS)])

    assert outcomes.count(True) == 1
    assert sum(isinstance(outcome, ChangedMeanwhile) for outcome in outcomes) == RACERS - 1
    with committed_db.app.app_context():
        rows = questions.history(db.session.get_one(Question, question_id))
        assert [row.number for row in rows] == [2, 1]


def test_of_movers_of_one_state_one_wins(committed_db: CommittedDatabase, ids: tuple[int, int, int]) -> None:
    _course, _quiz, question_id = ids

    def move(new: str) -> str:
        return states.move(db.session.get_one(Question, question_id), old="ready", new=new).state

    outcomes = race(committed_db, *[lambda new=new: move(new) for new in ("retired", "in_review") * 3])

    assert sum(isinstance(outcome, str) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, states.MovedMeanwhile) for outcome in outcomes) == RACERS - 1


def test_of_writers_of_one_slug_one_wins(committed_db: CommittedDatabase, ids: tuple[int, int, int]) -> None:
    course_id, _quiz, _question = ids

    def create() -> int:
        return questions.create(db.session.get_one(Course, course_id), "new-one", written()).id

    outcomes = race(committed_db, *[create] * RACERS)

    assert sum(isinstance(outcome, int) for outcome in outcomes) == 1
    with committed_db.app.app_context():
        assert len(db.session.scalars(select(Question).where(Question.slug == "new-one")).all()) == 1


def test_an_attempt_is_whole_whatever_is_retired_at_its_start(
    committed_db: CommittedDatabase, ids: tuple[int, int, int]
) -> None:
    _course, quiz_id, question_id = ids
    for round_number in range(5):
        with committed_db.app.app_context():
            students = [UserFactory(handle=f"racer-{round_number}-{number}").id for number in range(RACERS)]
            db.session.execute(db.update(Question).where(Question.id == question_id).values(state="ready"))
            db.session.commit()

        race(
            committed_db,
            lambda: states.move(db.session.get_one(Question, question_id), old="ready", new="retired").state,
            *[
                lambda student=student: attempts.start(student, db.session.get_one(Quiz, quiz_id), now=NOW).id
                for student in students
            ],
        )

        with committed_db.app.app_context():
            made = db.session.scalars(select(Attempt).where(Attempt.user_id.in_(students))).all()
            asked = [{item.version.question_id for item in attempt.items} for attempt in made]
            assert [len(each) for each in asked] == [2] * RACERS
            later = attempts.start(UserFactory().id, db.session.get_one(Quiz, quiz_id), now=NOW)
            assert question_id not in {item.version.question_id for item in later.items}
