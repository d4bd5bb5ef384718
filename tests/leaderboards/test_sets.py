"""Boards in Redis: the same as PostgreSQL's, whatever happens at once, and whatever is lost or wrong."""

import random
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from redis import ConnectionError as RedisGone
from sqlalchemy import text

from extensions import db as database
from models import Course, User, utcnow
from scheduler.ticks.boards import maker
from services.errors import NotFound
from services.leaderboards import boards, changes, ladder, points, scopes, sets
from services.leaderboards.ladder import Window
from services.leaderboards.scopes import PERIODS, Scope
from tests.conftest import CommittedDatabase
from tests.factories import EnrolmentFactory
from tests.leaderboards.histories import History

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def history(committed_db: CommittedDatabase) -> Iterator[History]:
    with committed_db.app.app_context():
        made = History(random.Random(7)).begin()
        database.session.commit()
        yield made
        database.session.remove()


@pytest.fixture
def store(committed_db: CommittedDatabase) -> Any:
    return committed_db.app.extensions["yurt_redis"]


def all_scopes(history: History) -> list[Scope]:
    begins = [scopes.begin_of(period, utcnow()) for period in PERIODS]
    ids = [None, *(cohort.id for cohort in history.cohorts)]
    return [Scope(history.course.id, cohort_id, since) for since in begins for cohort_id in ids]


def expect_agreement(store: Any, history: History) -> None:
    for scope in all_scopes(history):
        users = [user.id for user in history.people[:5]]
        for window in (Window(count=100), Window(first=3, count=4, me=users[0], users=users)):
            told = sets.read(store, scope, window)

            assert told is not None
            assert told == ladder.read(scope, window)


def test_redis_tells_what_postgresql_tells(store: Any, history: History) -> None:
    for step in range(120):
        history.step()
        database.session.commit()
        if step % 24 == 23:
            expect_agreement(store, history)


def test_keys_part_pages_alike(store: Any, history: History) -> None:
    for _step in range(60):
        history.step()
    database.session.commit()
    scope = Scope(history.course.id)
    everybody = ladder.read(scope, Window(count=100)).rows

    for place in everybody:
        for moved in (place.key, ladder.Key(place.points, place.reached_at + timedelta(microseconds=1), 1)):
            for window in (Window(count=3, after=moved), Window(count=3, before=moved)):
                told = sets.read(store, scope, window)
                assert told is not None
                assert told.rows == ladder.read(scope, window).rows


def test_what_wasnt_committed_is_told_to_nobody(store: Any, history: History) -> None:
    scope, user = Scope(history.course.id), EnrolmentFactory(course=history.course).user_id
    database.session.commit()
    sets.read(store, scope, Window())
    points.award(user_id=user, course_id=scope.course_id, source="award:1", kind="award", points=5, now=NOW)

    own = boards.board(scope, Window(me=user)).me

    assert own is not None  # whoever writes sees it, in PostgreSQL
    assert sets.read(store, scope, Window()) is None
    database.session.rollback()
    told = sets.read(store, scope, Window())
    assert told is not None
    assert told.total == 0


DAMAGES = {
    "all is gone": lambda store: store.flushdb(),
    "the set is gone": lambda store: [store.delete(key) for key in store.scan_iter(match="yurt:board:*:z")],
    "the members are gone": lambda store: [store.delete(key) for key in store.scan_iter(match="yurt:board:*:h")],
    "the state is gone": lambda store: [store.delete(key) for key in store.scan_iter(match="yurt:board:*:state")],
    "a row is gone": lambda store: [store.zpopmax(key) for key in store.scan_iter(match="yurt:board:*:z")],
    "the state is of a later database": lambda store: [
        store.set(key, "0|900000000:900000000:|x") for key in store.scan_iter(match="yurt:board:*:state")
    ],
}


@pytest.mark.parametrize("name", DAMAGES)
def test_what_is_lost_or_wrong_is_made_anew(store: Any, history: History, name: str) -> None:
    for _step in range(40):
        history.step()
    database.session.commit()
    expect_agreement(store, history)

    DAMAGES[name](store)

    expect_agreement(store, history)


def test_somebody_who_goes_altogether_goes_from_the_set(store: Any, history: History) -> None:
    for _step in range(40):
        history.step()
    database.session.commit()
    expect_agreement(store, history)
    first = ladder.read(Scope(history.course.id), Window()).rows[0].user_id
    history.people = [user for user in history.people if user.id != first]
    database.session.commit()

    database.session.execute(text("DELETE FROM users WHERE id = :id"), {"id": first})
    database.session.commit()

    expect_agreement(store, history)


def test_a_night_has_everything_made_anew(store: Any, history: History) -> None:
    for _step in range(40):
        history.step()
    database.session.commit()
    expect_agreement(store, history)
    key = next(iter(store.scan_iter(match=f"yurt:board:{history.course.id}:all:all:z")))
    (member, _score), *_rest = store.zrange(key, 0, 0, withscores=True)
    store.zincrby(key, -1000, member)  # by whom?

    sets.forget(store)

    expect_agreement(store, history)


class Gone:
    """A Redis that doesn't answer."""

    def __getattr__(self, _name: str) -> Any:
        def fail(*_arguments: object, **_options: object) -> None:
            raise RedisGone

        return fail


def test_postgresql_answers_while_redis_is_gone(store: Any, history: History) -> None:
    for _step in range(40):
        history.step()
    database.session.commit()
    scope, given = Scope(history.course.id), database.session().info["given"]
    with_redis = boards.board(scope, Window())

    database.session().info["given"] = {**given, "boards": Gone()}

    assert boards.board(scope, Window()) == with_redis
    sets.forget(Gone())  # type: ignore[arg-type]  # it isn't there
    database.session().info["given"] = given


def test_a_large_board_is_made_by_the_scheduler_while_postgresql_answers(
    store: Any, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sets, "INLINE", 1)
    for _step in range(40):
        history.step()
    database.session.commit()
    scope = Scope(history.course.id)
    listener = store.pubsub()
    listener.subscribe("yurt:nudge")

    assert sets.read(store, scope, Window()) is None
    assert boards.board(scope, Window()).rows
    database.session.commit()
    work = maker(store)
    assert [work(), work()] == [True, False]

    assert sets.read(store, scope, Window()) == ladder.read(scope, Window())
    told = [message["data"] for message in iter(lambda: listener.get_message(timeout=1), None)]
    assert b"boards" in told


def test_many_changes_at_once_make_the_board_anew(
    store: Any, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    expect_agreement(store, history)
    monkeypatch.setattr(changes, "MOST", 3)
    for _step in range(60):
        history.step()
    database.session.commit()

    expect_agreement(store, history)


def test_readers_and_writers_at_once_end_in_agreement(committed_db: CommittedDatabase, history: History) -> None:
    course_id, ids = history.course.id, [user.id for user in history.people]
    for user_id in ids:
        EnrolmentFactory(course=history.course, user=database.session.get_one(User, user_id))
    database.session.commit()
    faults: list[Exception] = []
    writers_left = threading.Semaphore(0)
    seen: dict[int, list[int]] = {user_id: [] for user_id in ids}

    def write(seed: int) -> None:
        chance = random.Random(seed)
        with committed_db.app.app_context():
            for number in range(60):
                user_id = chance.choice(ids)
                who = {"user_id": user_id, "course_id": course_id, "now": utcnow()}
                points.award(**who, source=f"check:{seed}:{number}", kind="check", points=1)
                if chance.randrange(5):
                    database.session.commit()
                else:
                    database.session.rollback()
        writers_left.release()

    def look() -> None:
        store = committed_db.app.extensions["yurt_redis"]
        with committed_db.app.app_context():
            try:
                for _time in range(80):
                    told = sets.read(store, Scope(course_id), Window(count=100))
                    database.session.rollback()
                    if told is not None:
                        for place in told.rows:
                            seen[place.user_id].append(place.points)
            except NotFound as fault:
                faults.append(fault)

    threads = [threading.Thread(target=write, args=(seed,)) for seed in range(4)]
    threads += [threading.Thread(target=look) for _reader in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert faults == []
    assert sum(len(values) for values in seen.values()) > 100
    store = committed_db.app.extensions["yurt_redis"]
    told = sets.read(store, Scope(course_id), Window(count=100))
    assert told == ladder.read(Scope(course_id), Window(count=100))
    assert database.session.get_one(Course, course_id).board_epoch == 0


def test_whoever_reads_sees_what_was_committed_before(committed_db: CommittedDatabase, history: History) -> None:
    course_id = history.course.id
    user_id = EnrolmentFactory(course=history.course).user_id
    database.session.commit()
    store = committed_db.app.extensions["yurt_redis"]

    for number in range(30):
        who = {"user_id": user_id, "course_id": course_id, "now": utcnow()}
        points.award(**who, source=f"check:{number}", kind="check", points=1)
        database.session.commit()
        told = sets.read(store, Scope(course_id), Window(count=0, me=user_id))

        assert told is not None
        assert told.own is not None
        assert told.own.points == number + 1
        database.session.rollback()
