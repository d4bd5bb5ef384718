"""The ledger: whatever happens, totals are what one gets by adding the entries up."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask_migrate import downgrade, upgrade
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from extensions import db as database
from models import Attempt, CourseTotal, PointEntry
from services.leaderboards import points
from services.leaderboards.points import Given
from tests.conftest import CommittedDatabase
from tests.factories import Cast, CourseFactory, EnrolmentFactory, UserFactory, make_cast
from tests.quizzes.test_races import race

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
# What is done, to whom, for which source, with how many points, and how many seconds after the start.
STEP = st.tuples(
    st.sampled_from(["award", "settle"]),
    st.integers(0, 2),
    st.sampled_from(["quiz:1", "lesson:1", "check:1", "award:1"]),
    st.integers(-5, 20),
    st.integers(0, 6),
)


def recomputed(course_id: int, user_id: int) -> tuple[int, datetime, datetime]:
    """Return (points, reached at, changed at) by walking through the entries, one after the other."""
    query = select(PointEntry).where(PointEntry.course_id == course_id, PointEntry.user_id == user_id)
    entries = database.session.scalars(query.order_by(PointEntry.id)).all()
    total = sum(entry.points for entry in entries)
    so_far, reached = 0, None
    for entry in entries:
        so_far += entry.points
        if so_far < total:
            reached = None
        elif reached is None:
            reached = entry.created_at
    assert reached is not None
    assert [entry.created_at for entry in entries] == sorted(entry.created_at for entry in entries)
    return total, reached, entries[-1].created_at


def kept(course_id: int) -> dict[int, tuple[int, datetime, datetime]]:
    query = select(CourseTotal).where(CourseTotal.course_id == course_id).execution_options(populate_existing=True)
    return {row.user_id: (row.points, row.reached_at, row.changed_at) for row in database.session.scalars(query)}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, max_size=25))
def test_any_history_equals_its_recomputation(app: object, steps: list[tuple[str, int, str, int, int]]) -> None:
    course = CourseFactory()
    people = [EnrolmentFactory(course=course).user.id for _ in range(3)]
    meant: dict[tuple[int, str], int] = {}
    for verb, person, source, amount, seconds in steps:
        act = points.award if verb == "award" else points.settle
        act(
            user_id=people[person],
            course_id=course.id,
            source=source,
            kind="award",
            points=amount,
            now=NOW + timedelta(seconds=seconds),
        )
        # An award of nothing leaves nothing; so does a settlement of what nobody has yet.
        if verb == "settle" and (amount or (person, source) in meant):
            meant[person, source] = amount
        elif verb == "award" and amount:
            meant.setdefault((person, source), amount)

    found = kept(course.id)

    assert {user: standing[0] for user, standing in found.items()} == {
        people[person]: sum(amount for (whose, _source), amount in meant.items() if whose == person)
        for person in {person for person, _source in meant}
    }
    assert found == {user_id: recomputed(course.id, user_id) for user_id in found}


def settle(cast: Cast, amount: int, at: datetime = NOW, source: str = "quiz:1") -> int:
    who = {"user_id": cast.bob.id, "course_id": cast.course.id}
    return points.settle(**who, source=source, kind="quiz", points=amount, now=at)


def test_settling_writes_the_difference_once(cast: Cast) -> None:
    assert [settle(cast, 10), settle(cast, 10), settle(cast, 7), settle(cast, 7)] == [10, 0, -3, 0]

    entries = database.session.scalars(select(PointEntry).order_by(PointEntry.id)).all()
    assert [(entry.number, entry.points) for entry in entries] == [(1, 10), (2, -3)]
    assert points.held(cast.bob.id, "quiz:1") == 7


def test_what_may_not_lower_leaves_what_is_there(cast: Cast) -> None:
    who = {"user_id": cast.bob.id, "course_id": cast.course.id, "source": "quiz:1"}
    settle(cast, 10)

    assert points.settle(**who, kind="quiz", points=7, now=NOW, may_lower=False) == 0
    assert points.settle(**who, kind="quiz", points=12, now=NOW, may_lower=False) == 2


def test_settling_at_nothing_leaves_nothing(cast: Cast) -> None:
    assert settle(cast, 0) == 0

    assert kept(cast.course.id) == {}


def test_an_award_after_a_compensation_is_still_a_repetition(cast: Cast) -> None:
    settle(cast, 10)
    settle(cast, 0)

    who = {"user_id": cast.bob.id, "course_id": cast.course.id}
    assert not points.award(**who, source="quiz:1", kind="quiz", points=10, now=NOW)
    assert kept(cast.course.id)[cast.bob.id][0] == 0


def test_who_is_taken_down_keeps_the_time_at_which_they_had_as_much(cast: Cast) -> None:
    settle(cast, 10, NOW)
    settle(cast, 20, NOW + timedelta(minutes=1))

    settle(cast, 18, NOW + timedelta(minutes=9))
    assert kept(cast.course.id)[cast.bob.id][:2] == (18, NOW + timedelta(minutes=1))

    settle(cast, 10, NOW + timedelta(minutes=10))
    assert kept(cast.course.id)[cast.bob.id][:2] == (10, NOW)


def test_a_score_that_was_lost_and_comes_back_is_reached_anew(cast: Cast) -> None:
    settle(cast, 10, NOW)
    settle(cast, 5, NOW + timedelta(minutes=1))

    settle(cast, 10, NOW + timedelta(minutes=2))

    assert kept(cast.course.id)[cast.bob.id][:2] == (10, NOW + timedelta(minutes=2))


def test_a_reason_stays_as_it_was_written(cast: Cast) -> None:
    why = "  Für die Hilfe in der <Gruppe> & mehr "
    said = Given(cast.alice.id, why)
    who = {"user_id": cast.bob.id, "course_id": cast.course.id}

    points.award(**who, source="award:1", kind="award", points=3, now=NOW, given=said)

    entry = database.session.scalars(select(PointEntry)).one()
    assert (entry.reason, entry.given_by_id) == (why, cast.alice.id)


def test_the_ledger_takes_no_number_twice(cast: Cast) -> None:
    settle(cast, 10)
    twin = {"user_id": cast.bob.id, "course_id": cast.course.id, "source": "quiz:1", "number": 1, "points": 5}

    with pytest.raises(IntegrityError), database.session.begin_nested():
        database.session.add(PointEntry(**twin, kind="quiz"))
        database.session.flush()


RACERS = 8


@pytest.fixture
def stage(committed_db: CommittedDatabase) -> tuple[int, int]:
    """Return the ids of bob and of the course, committed."""
    with committed_db.app.app_context():
        cast = make_cast()
        database.session.commit()
        return cast.bob.id, cast.course.id


def act(verb: Callable[..., object], stage: tuple[int, int], amount: int, source: str) -> Callable[[], object]:
    who = {"user_id": stage[0], "course_id": stage[1]}
    return lambda: verb(**who, source=source, kind="quiz", points=amount, now=NOW)


def test_awards_at_once_count_once(committed_db: CommittedDatabase, stage: tuple[int, int]) -> None:
    for number in range(5):
        written = race(committed_db, *[act(points.award, stage, 5, f"lesson:{number}")] * RACERS)

        assert written.count(True) == 1
        assert written.count(False) == RACERS - 1
    with committed_db.app.app_context():
        assert kept(stage[1])[stage[0]] == recomputed(stage[1], stage[0])
        assert kept(stage[1])[stage[0]][0] == 25


def test_settlements_at_once_leave_what_the_last_one_said(
    committed_db: CommittedDatabase, stage: tuple[int, int]
) -> None:
    for _round in range(5):
        race(committed_db, *[act(points.settle, stage, amount, "quiz:1") for amount in range(1, RACERS + 1)])

        with committed_db.app.app_context():
            query = select(PointEntry.number).order_by(PointEntry.id)
            numbers = database.session.scalars(query).all()
            assert list(numbers) == list(range(1, len(numbers) + 1))
            assert 1 <= points.held(stage[0], "quiz:1") <= RACERS
            assert kept(stage[1])[stage[0]] == recomputed(stage[1], stage[0])


def test_awards_of_many_sources_at_once_all_count(committed_db: CommittedDatabase, stage: tuple[int, int]) -> None:
    race(committed_db, *[act(points.award, stage, 5, f"check:{number}") for number in range(RACERS)])

    with committed_db.app.app_context():
        assert kept(stage[1])[stage[0]] == recomputed(stage[1], stage[0])
        assert kept(stage[1])[stage[0]][0] == 5 * RACERS


def test_entries_of_attempts_become_those_of_their_quiz(committed_db: CommittedDatabase) -> None:
    with committed_db.app.app_context():
        cast = make_cast()
        other = UserFactory()
        bob, charlie, course, quiz = cast.bob.id, other.id, cast.course.id, cast.quiz.id
        graded = {"state": "graded", "closed_by": "student", "closed_at": NOW, "score": 1, "max_score": 2}
        for user, number in ((bob, 1), (bob, 2), (charlie, 1)):
            database.session.add(Attempt(quiz_id=quiz, user_id=user, number=number, **graded))
            database.session.flush()
        database.session.commit()
        downgrade(revision="0017")
        attempts = "SELECT user_id, :course, 'attempt:' || id, 5 * number, now() FROM attempts ORDER BY id"
        columns = "user_id, course_id, source, points, created_at"
        database.session.execute(text(f"INSERT INTO point_entries ({columns}) {attempts}"), {"course": course})
        database.session.execute(
            text(f"INSERT INTO point_entries ({columns}) VALUES (:user, :course, 'lesson:1', 3, now())"),
            {"user": bob, "course": course},
        )
        database.session.commit()

        upgrade()

        query = select(PointEntry.user_id, PointEntry.source, PointEntry.number, PointEntry.kind, PointEntry.points)
        entries = database.session.execute(query.order_by(PointEntry.id)).tuples().all()
        source = f"quiz:{quiz}"
        assert entries == [
            (bob, source, 1, "quiz", 5),
            (bob, source, 2, "quiz", 10),
            (charlie, source, 1, "quiz", 5),
            (bob, "lesson:1", 1, "lesson", 3),
        ]
        database.session.commit()

        downgrade(revision="0017")

        rows = text("SELECT user_id, split_part(source, ':', 1), points FROM point_entries ORDER BY id")
        assert database.session.execute(rows).tuples().all() == [
            (bob, "attempt", 15),
            (charlie, "attempt", 5),
            (bob, "lesson", 3),
        ]
        database.session.remove()
