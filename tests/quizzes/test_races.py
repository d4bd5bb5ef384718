"""Two real connections at once: one attempt, one grading, and no answer between the two."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, func, select

from extensions import db
from models import Attempt, PointEntry, Quiz
from services.errors import ServiceError
from services.quizzes import accommodations, answers, attempts
from services.quizzes.terms import GRACE
from tests.conftest import CommittedDatabase
from tests.factories import make_cast

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
RACERS = 8


@pytest.fixture
def ids(committed_db: CommittedDatabase) -> Iterator[tuple[int, int]]:
    """Return the ids of bob and of the quiz, committed."""
    with committed_db.app.app_context():
        cast = make_cast()
        db.session.commit()
        found = cast.bob.id, cast.quiz.id
    yield found


def race(site: CommittedDatabase, *racers: Callable[[], object]) -> list[object]:
    """Run every racer on a connection of its own, all at the same moment; return results and refusals."""
    outcomes: list[object] = [None] * len(racers)
    line = threading.Barrier(len(racers))

    def run(number: int, racer: Callable[[], object]) -> None:
        with site.app.app_context():
            db.session.connection()
            line.wait()
            try:
                outcomes[number] = racer()
                db.session.commit()
            except ServiceError as refusal:
                db.session.rollback()
                outcomes[number] = refusal

    threads = [threading.Thread(target=run, args=entry) for entry in enumerate(racers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_racing_starts_open_one_attempt(committed_db: CommittedDatabase, ids: tuple[int, int]) -> None:
    bob, quiz = ids

    def start() -> int:
        return attempts.start(bob, db.session.get_one(Quiz, quiz), now=NOW).id

    started = race(committed_db, *[start] * RACERS)

    with committed_db.app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Attempt)) == 1
    assert len(set(started)) == 1
    assert isinstance(started[0], int)


def test_racing_starts_of_the_only_attempt_give_it_to_everybody(
    committed_db: CommittedDatabase, ids: tuple[int, int]
) -> None:
    bob, quiz = ids
    with committed_db.app.app_context():
        db.session.get_one(Quiz, quiz).attempts_allowed = 1
        db.session.commit()

    def start() -> int:
        return attempts.start(bob, db.session.get_one(Quiz, quiz), now=NOW).id

    for _round in range(5):
        started = race(committed_db, *[start] * RACERS)

        assert len(set(started)) == 1, started
        assert isinstance(started[0], int)
        with committed_db.app.app_context():
            db.session.execute(delete(Attempt))
            db.session.commit()


def test_racing_submits_grade_and_award_once(committed_db: CommittedDatabase, ids: tuple[int, int]) -> None:
    bob, quiz = ids
    with committed_db.app.app_context():
        attempt_id = attempts.start(bob, db.session.get_one(Quiz, quiz), now=NOW).id
        answers.save(attempt_id, 1, "a", revision=1, now=NOW)
        db.session.commit()

    race(committed_db, *[lambda: attempts.submit(db.session.get_one(Attempt, attempt_id), now=NOW).state] * RACERS)

    with committed_db.app.app_context():
        assert db.session.get_one(Attempt, attempt_id).score == 1
        assert db.session.scalars(select(PointEntry.points)).all() == [5]


def test_an_answer_is_graded_or_refused_never_lost(committed_db: CommittedDatabase, ids: tuple[int, int]) -> None:
    bob, quiz = ids
    for _round in range(5):
        with committed_db.app.app_context():
            attempt_id = attempts.start(bob, db.session.get_one(Quiz, quiz), now=NOW).id
            db.session.commit()

        saved, _submitted = race(
            committed_db,
            lambda number=attempt_id: answers.save(number, 1, "a", revision=1, now=NOW),
            lambda number=attempt_id: attempts.submit(db.session.get_one(Attempt, number), now=NOW).id,
        )

        with committed_db.app.app_context():
            score = db.session.get_one(Attempt, attempt_id).score
        assert score == (1 if isinstance(saved, answers.Receipt) else 0)


def test_a_submit_at_the_deadline_and_the_tick_grade_once(
    committed_db: CommittedDatabase, ids: tuple[int, int]
) -> None:
    bob, quiz = ids
    end = NOW + timedelta(seconds=60)
    with committed_db.app.app_context():
        db.session.get_one(Quiz, quiz).time_limit_s = 60
        db.session.commit()
    for number in range(1, 6):
        with committed_db.app.app_context():
            attempt_id = attempts.start(bob, db.session.get_one(Quiz, quiz), now=NOW).id
            answers.save(attempt_id, 1, "a", revision=1, now=NOW)
            db.session.commit()

        race(
            committed_db,
            *[lambda key=attempt_id: attempts.submit(db.session.get_one(Attempt, key), now=end).id] * 3,
            *[lambda: attempts.close_overdue(end + timedelta(minutes=1))] * 3,
        )

        with committed_db.app.app_context():
            attempt = db.session.get_one(Attempt, attempt_id)
            assert (attempt.state, attempt.closed_by, attempt.score) == ("graded", "deadline", 1)
            assert (attempt.number, db.session.scalar(select(func.count()).select_from(PointEntry))) == (number, 1)


def test_granted_time_and_the_tick_never_both_win(committed_db: CommittedDatabase, ids: tuple[int, int]) -> None:
    bob, quiz = ids
    end = NOW + timedelta(seconds=60) + GRACE + timedelta(seconds=1)
    with committed_db.app.app_context():
        db.session.get_one(Quiz, quiz).time_limit_s = 60
        db.session.commit()
    for number in range(1, 6):
        with committed_db.app.app_context():
            attempt_id = attempts.start(bob, db.session.get_one(Quiz, quiz), now=NOW).id
            db.session.commit()

        def grant() -> None:
            accommodations.set_override(db.session.get_one(Quiz, quiz), bob, {"extra_minutes": 10}, now=end)

        race(committed_db, grant, *[lambda: attempts.close_overdue(end)] * 3)

        with committed_db.app.app_context():
            attempt = db.session.get_one(Attempt, attempt_id)
            extra = timedelta(minutes=10 if attempt.is_open else 0)
            assert attempt.deadline_at == NOW + timedelta(seconds=60) + extra, number
            attempts.submit(attempt, now=NOW)
            accommodations.set_override(attempt.quiz, bob, {"extra_minutes": 0}, now=NOW)
            db.session.commit()
