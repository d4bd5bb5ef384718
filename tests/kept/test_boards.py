"""Boards that a process keeps whole: what API and page tell of them is what Flask tells, whatever changes."""

import json
import random
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from blueprints.leaderboards import lane
from extensions import db
from models import ApiToken, Course, Enrolment, User, utcnow
from services import kept_asks
from services.accounts import tokens
from services.courses import cohorts
from services.leaderboards import appearances, boards, freezes, ladder, points, whole
from services.leaderboards.ladder import Key, Window
from services.leaderboards.scopes import Scope
from tests.factories import CourseFactory, EnrolmentFactory, UserFactory
from tests.kept.conftest import without_whole_boards

pytestmark = pytest.mark.long

WINDOWS = [
    Window(me=1),
    Window(first=11, count=10),
    Window(first=39, count=10, me=1),
    Window(first=400),
    Window(count=0, me=1, users={1}),
]
PATH = "/api/v1/courses/shell/leaderboard"


@pytest.fixture
def token(bob):
    with bob.app.app_context():
        row, plain = tokens.issue(bob.user_id, name="t", scopes=["read"], days=2, now=utcnow())
        row.last_used_at = utcnow()
        course = _course()
        for number in range(40):
            student = UserFactory(handle=f"s{number}")
            EnrolmentFactory(course=course, user=student, role="student")
            _award(student.id, number // 2)
        _award(bob.user_id, 7)
        db.session.commit()
    return plain


def _course():
    return db.session.scalars(select(Course)).one()


def _award(user_id, amount):
    source = f"a:{random.random()}"
    points.award(user_id=user_id, course_id=_course().id, source=source, kind="lesson", points=amount, now=utcnow())


def _bob():
    return db.session.scalars(select(Enrolment).join(User).where(User.handle == "bob")).one()


def read(bob, token, **query):
    """Return (status, what the API tells, whether the board's lane told it)."""
    told = []
    real = lane.kept.document
    lane.kept.document = lambda *given: told.append(1) or real(*given)
    try:
        answer = bob.app.test_client().get(PATH, headers={"Authorization": f"Bearer {token}"}, query_string=query)
    finally:
        lane.kept.document = real
    document = json.loads(answer.data)
    cursor = document.pop("next", None)
    return answer.status_code, {**document, "has_next": cursor is not None}, bool(told)


def anew(bob, token, **query):
    """Return what Flask tells without a board that is kept: a request with an Origin isn't the lane's."""
    headers = {"Authorization": f"Bearer {token}", "Origin": "http://localhost"}
    with without_whole_boards(bob.app):
        document = json.loads(bob.app.test_client().get(PATH, headers=headers, query_string=query).data)
    cursor = document.pop("next")
    return {**document, "has_next": cursor is not None}


def _sql(statement):
    return lambda: db.session.execute(text(statement))


CHANGES = {
    "nothing": lambda: None,
    "somebody earns": lambda: _award(db.session.scalars(select(User.id).where(User.handle == "s1")).one(), 50),
    "bob earns": lambda: _award(_bob().user_id, 100),
    "bob hides": lambda: appearances.choose(_bob(), "hidden", ""),
    "bob goes by a pseudonym": lambda: appearances.choose(_bob(), "pseudonym", "Zorro"),
    "the first goes by a pseudonym": _sql(
        "UPDATE enrolments SET board = 'pseudonym', pseudonym = 'Nobody' FROM users"
        " WHERE users.id = user_id AND handle = 's39'"
    ),
    "somebody is renamed": _sql("UPDATE users SET display_name = 'Eve' WHERE handle = 's38'"),
    "somebody leaves": _sql("DELETE FROM enrolments USING users WHERE users.id = user_id AND handle = 's37'"),
    "a total goes": _sql("DELETE FROM course_totals USING users WHERE users.id = user_id AND handle = 's36'"),
    "the board freezes": lambda: freezes.freeze(_course(), utcnow() - timedelta(1), utcnow() + timedelta(1)),
    "the course is renamed": _sql("UPDATE courses SET title = 'Another title'"),
    "bob teaches": _sql(
        "UPDATE enrolments SET role = 'assistant' FROM users WHERE users.id = user_id AND handle = 'bob'"
    ),
}


@pytest.mark.parametrize("what", CHANGES)
@pytest.mark.parametrize("per_page", [5, 50])
def test_the_lane_tells_what_flask_tells(bob, token, what, per_page):
    read(bob, token, per_page=per_page)
    assert read(bob, token, per_page=per_page)[2], "the lane doesn't answer"

    with bob.app.app_context():
        CHANGES[what]()
        db.session.commit()

    told = read(bob, token, per_page=per_page)
    assert told[:2] == (200, anew(bob, token, per_page=per_page))
    assert told[2] or "bob" in what or what in ("the board freezes", "the course is renamed")


@pytest.mark.parametrize("what", [name for name in CHANGES if name != "bob teaches"])
def test_the_page_shows_what_flask_shows(bob, token, what):
    paths = ("/courses/shell/leaderboard", "/courses/shell/leaderboard?partial=1", "/courses/shell")
    bob.keep(*paths)

    with bob.app.app_context():
        CHANGES[what]()
        db.session.commit()

    for path in paths:
        assert bob.open(path)[0] == bob.anew(path)


ENDS = {
    "revoked": {"revoked_at": datetime(2026, 1, 1, tzinfo=UTC)},
    "too old": {"expires_at": datetime(2026, 1, 1, tzinfo=UTC)},
    "of another scope": {"scopes": ["write"]},
}


def test_another_process_answers_whom_one_has_judged(bob, token):
    read(bob, token)
    bob.app.extensions[lane.ADMITTED]._known.clear()

    assert read(bob, token)[2]


@pytest.mark.parametrize(
    "damage",
    [b"", b"[]", b"7", b"{}", b'{"on": {}, "headers": [], "until": "soon"}', b'{"on": 1, "headers": []}', b"\xff"],
)
def test_a_judgement_that_redis_holds_damaged_is_passed_over(bob, token, damage):
    told = read(bob, token)[1]
    bob.app.extensions[lane.ADMITTED]._known.clear()
    redis = bob.app.extensions["yurt_redis"]
    for key in redis.scan_iter(match="yurt:board-admitted:*"):
        redis.set(key, damage)

    assert read(bob, token) == (200, told, False)


def test_a_judgement_whose_time_is_over_is_asked_for_in_redis(bob, token):
    read(bob, token)
    known = bob.app.extensions[lane.ADMITTED]._known
    for key, admitted in known.items():
        known[key] = replace(admitted, until=0.0)

    assert read(bob, token)[2]


@pytest.mark.parametrize("what", ENDS)
def test_a_token_that_no_longer_works_gets_nothing(bob, token, what):
    read(bob, token)
    assert read(bob, token)[2]

    with bob.app.app_context():
        for name, value in ENDS[what].items():
            setattr(db.session.scalars(select(ApiToken)).one(), name, value)
        db.session.commit()

    assert read(bob, token)[0] == (403 if "scope" in what else 401)


def test_an_account_that_is_off_gets_nothing(bob, token):
    read(bob, token)

    with bob.app.app_context():
        db.session.get(User, bob.user_id).active = False
        db.session.commit()

    assert read(bob, token)[0] == 401


def test_requests_are_counted_once_and_their_headers_say_so(bob, token):
    def left():
        answer = bob.app.test_client().get(PATH, headers={"Authorization": f"Bearer {token}"})
        return int(answer.headers["X-RateLimit-Remaining"]), set(answer.headers.keys())

    first, names = left()
    second, of_lane = left()
    third, _names = left()

    assert (second, third) == (first - 1, first - 2)
    assert of_lane == names


def test_the_use_of_a_token_is_noted_once_a_minute(bob, token, monkeypatch):
    def noted():
        with bob.app.app_context():
            return db.session.scalars(select(ApiToken.last_used_at)).one()

    read(bob, token)
    start = noted()
    assert read(bob, token)[2]
    assert noted() == start

    for seconds, is_noted in ((59, False), (62, True), (63, False), (130, True)):
        later, before = start + timedelta(seconds=seconds), noted()
        monkeypatch.setattr(lane.time, "time", later.timestamp)
        monkeypatch.setattr(lane, "utcnow", lambda later=later: later)

        assert read(bob, token)[2]
        assert (noted() == later) is is_noted
        assert is_noted or noted() == before


def test_the_use_of_a_token_that_another_process_has_noted_is_not_written_again(bob, token, monkeypatch):
    read(bob, token)
    later = utcnow() + timedelta(seconds=70)
    monkeypatch.setattr(lane.time, "time", later.timestamp)
    monkeypatch.setattr(lane, "utcnow", lambda: later)
    with bob.app.app_context():
        db.session.scalars(select(ApiToken)).one().last_used_at = other = later - timedelta(seconds=5)
        db.session.commit()

    assert read(bob, token)[2]

    with bob.app.app_context():
        assert db.session.scalars(select(ApiToken.last_used_at)).one() == other


def test_while_the_use_of_a_token_cannot_be_written_flask_answers(bob, token, monkeypatch):
    read(bob, token)
    later = utcnow() + timedelta(seconds=70)
    monkeypatch.setattr(lane.time, "time", later.timestamp)

    def fails(*_given, **_named):
        raise SQLAlchemyError

    monkeypatch.setattr(lane.tokens, "note_uses", fails)

    assert read(bob, token)[::2] == (200, False)


@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_a_part_of_a_whole_board_is_what_postgresql_counts(bob, token, window):
    with bob.app.app_context():
        handles = select(User.id).where(User.handle.in_(["s3", "s38", "bob", "charlie"]))
        window = replace(window, me=window.me and bob.user_id, users=window.users and set(db.session.scalars(handles)))
        scope = Scope(_course().id)

        kept = bob.app.extensions[lane.BOARDS].current(scope.course_id, whole.Depends()).part(window)

        assert kept == ladder.read(scope, window)


@pytest.mark.parametrize("key", ["after", "before"])
def test_rows_after_and_before_a_place_are_flasks(bob, token, key):
    with bob.app.app_context():
        scope, middle = Scope(_course().id), Key(10, utcnow(), 0)
        window = replace(Window(count=5), **{key: middle})

        shown = boards.board(scope, window)

        assert [row.place for row in shown.rows] == ladder.read(scope, window).rows
        assert shown.rows


def test_a_board_that_many_ask_for_after_a_change_is_read_once(bob, token, monkeypatch):
    read(bob, token)
    read(bob, token)
    reads = []
    real = whole.read
    monkeypatch.setattr(whole, "read", lambda *given: reads.append(1) or real(*given))
    with bob.app.app_context():
        _award(bob.user_id, 5)
        db.session.commit()
        other = db.session.scalars(select(User.id).where(User.handle == "s1")).one()
        _award(other, 500)
        db.session.commit()
    boards, course_id = bob.app.extensions[lane.BOARDS], None
    with bob.app.app_context():
        course_id = _course().id
    threads = [threading.Thread(target=boards.current, args=(course_id, whole.Depends())) for _each in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(reads) == 1


def test_a_large_board_is_left_to_flask_and_never_read_whole(bob, token, monkeypatch):
    monkeypatch.setattr(whole, "MOST", 10)
    boards, asked = bob.app.extensions[lane.BOARDS], []
    boards._kept.clear()
    real = kept_asks.ask
    monkeypatch.setattr(kept_asks, "ask", lambda *given: asked.append(given[1]) or real(*given))
    read(bob, token)

    status, told, was_lane = read(bob, token)

    assert (status, was_lane) == (200, False)
    assert told == anew(bob, token)
    # It is counted, as far as that takes to know, once a while.
    assert [each for each in asked if "course_totals" in each] == [whole.COUNT]
    monkeypatch.setattr(whole, "MOST", 2_000)
    now = whole.time.monotonic()
    monkeypatch.setattr(whole.time, "monotonic", lambda: now + whole.LARGE_S)
    read(bob, token)
    assert read(bob, token)[2]


def test_a_board_that_has_grown_large_is_no_longer_read_whole(bob, token, monkeypatch):
    read(bob, token)
    assert read(bob, token)[2]
    monkeypatch.setattr(whole, "MOST", 10)
    with bob.app.app_context():
        _award(bob.user_id, 1)
        db.session.commit()
    reads = []
    real = whole.read
    monkeypatch.setattr(whole, "read", lambda *given: reads.append(1) or real(*given))

    for _each in range(3):
        assert read(bob, token)[::2] == (200, False)

    assert len(reads) == 1


def test_a_page_is_no_older_than_a_board_that_another_reader_had_read_anew(bob, token):
    path = "/courses/shell/leaderboard"
    bob.keep(path)
    with bob.app.app_context():
        cohorts.add(_course(), "Mornings")
        db.session.commit()
        course_id = _course().id

    bob.app.extensions[lane.BOARDS].current(course_id, whole.Depends())

    assert "Mornings" in bob.open(path)[0]


def test_a_process_keeps_the_boards_that_were_asked_for_last(bob, token, monkeypatch):
    monkeypatch.setattr(whole, "MOST_KEPT", 1)
    boards = bob.app.extensions[lane.BOARDS]
    boards._kept.clear()
    with bob.app.app_context():
        first, second = _course().id, CourseFactory().id
        db.session.commit()

    for course_id in (first, second, first, second):
        assert boards.current(course_id, whole.Depends()) is not None

    assert list(boards._kept) == [second]
