"""Requests that are answered together: each as if it were alone, with one message to Redis and one statement."""

import json
import threading

import pytest
from redis import ConnectionError as RedisGone
from redis.client import Pipeline
from sqlalchemy import select, text

from blueprints import limits
from blueprints.leaderboards import kept
from blueprints.together import LOOKED, TOGETHER
from extensions import READ, db
from models import Course, User, utcnow
from services import kept_asks
from services.accounts import tokens
from services.leaderboards import points
from tests.factories import EnrolmentFactory, UserFactory
from tests.kept.conftest import PAGES, TOKEN
from tests.people import sign_in
from tests.sites import until

BOARD = "/api/v1/courses/shell/leaderboard"
OWN = ("x-request-id", "date", "x-ratelimit-remaining", "x-ratelimit-reset", "connection")


@pytest.fixture
def people(bob):
    """Tokens of bob and charlie, who are on the board; both have asked once."""
    with bob.app.app_context():
        found = {}
        for handle in ("bob", "charlie"):
            user = db.session.scalars(select(User).filter_by(handle=handle)).one()
            row, found[handle] = tokens.issue(user.id, name="t", scopes=["read"], days=2, now=utcnow())
            row.last_used_at = utcnow()
        charlie = db.session.scalars(select(User).filter_by(handle="charlie")).one()
        for user in (charlie, UserFactory(handle="erin", display_name="Erin")):
            EnrolmentFactory(course=db.session.scalars(select(Course)).one(), user=user, role="student")
        _award("bob", 7)
        _award("charlie", 5)
        db.session.commit()
    for token in found.values():
        assert bob.app.test_client().get(BOARD, headers={"Authorization": f"Bearer {token}"}).status_code == 200
    return found


def _award(handle, amount):
    user_id = db.session.scalars(select(User.id).filter_by(handle=handle)).one()
    course_id = db.session.scalars(select(Course.id)).one()
    source = f"t:{handle}:{amount}"
    points.award(user_id=user_id, course_id=course_id, source=source, kind="lesson", points=amount, now=utcnow())


def _limit(bob, monkeypatch, rate):
    settings = bob.app.extensions["yurt"].model_copy(update={"limit_api": rate})
    monkeypatch.setitem(bob.app.extensions, "yurt", settings)


def ask(bob, path, **headers):
    """Return a request as a server gives it to `answer`."""
    path, _mark, query = path.partition("?")
    return bob.app.extensions[TOGETHER].read("GET", path, query, {"HOST": "localhost", **headers})


def board(bob, token):
    return ask(bob, BOARD, AUTHORIZATION=f"Bearer {token}")


def page(bob, name):
    cookie = bob.client.get_cookie("yurt_session").value
    return ask(bob, PAGES[name], COOKIE=f"yurt_session={cookie}")


def answer(bob, *asked):
    return bob.app.extensions[TOGETHER].answer(asked)


def headers_of(head):
    first, *lines = head.decode().strip().split("\r\n")
    assert first == "HTTP/1.1 200 OK"
    return {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}


def test_pages_and_boards_that_wait_cost_one_message_and_one_statement(bob, people, monkeypatch):
    wanted = [PAGES[name] for name in ("lesson", "course", "board")]
    # The first visits note something in the session, which all of them were made in.
    bob.keep(*wanted)
    bob.keep(*wanted)
    messages, statements = [], []
    execute, asking = Pipeline.execute, kept_asks.ask
    monkeypatch.setattr(Pipeline, "execute", lambda *given, **named: messages.append(1) or execute(*given, **named))
    monkeypatch.setattr(kept_asks, "ask", lambda *given: statements.append(1) or asking(*given))
    wanted = [page(bob, "lesson"), board(bob, people["bob"]), page(bob, "course"), board(bob, people["charlie"])]

    answers = answer(bob, *wanted, page(bob, "board"))

    assert (len(messages), len(statements)) == (1, 1)
    bodies = [body for _head, body in answers]
    assert json.loads(bodies[1])["me"]["name"] == "Bob"
    assert json.loads(bodies[3])["me"]["name"] == "Charlie"
    assert TOKEN.sub(r"\1", bodies[4].decode()) == bob.open(PAGES["board"])[0]


@pytest.mark.parametrize("name", ["lesson", "course"])
def test_a_page_is_answered_together_as_it_is_alone(bob, name):
    bob.keep(PAGES[name])

    [(head, body)] = answer(bob, page(bob, name))

    alone = bob.client.get(PAGES[name])
    told = {name.lower(): value for name, value in alone.headers if name.lower() not in OWN}
    assert {name: value for name, value in headers_of(head).items() if name not in OWN} == told
    assert body == alone.data


def test_a_board_is_answered_together_as_it_is_alone(bob, people):
    [(head, body)] = answer(bob, board(bob, people["bob"]))

    alone = bob.app.test_client().get(BOARD, headers={"Authorization": f"Bearer {people['bob']}"})
    told = {name.lower(): value for name, value in alone.headers if name.lower() not in OWN}
    assert {name: value for name, value in headers_of(head).items() if name not in OWN} == told
    assert body == alone.data


def test_of_one_token_exactly_so_many_are_answered_as_its_limit_leaves(bob, people, monkeypatch):
    _limit(bob, monkeypatch, "4 per minute")
    asked = [board(bob, people[name]) for name in ("bob", "charlie", "bob", "bob", "bob", "charlie", "bob")]

    answers = answer(bob, *asked)

    left = [each and int(headers_of(each[0])["x-ratelimit-remaining"]) for each in answers]
    assert left == [3, 3, 2, 1, 0, 2, None]
    counted = [bool(each.get("yurt.api_counted")) for each in asked]
    assert counted == [each is not None for each in answers]
    refused = bob.app.test_client().get(BOARD, headers={"Authorization": f"Bearer {people['bob']}"})
    assert refused.status_code == 429


def test_what_is_counted_together_leaves_the_window_when_its_minute_is_over(bob, people, monkeypatch):
    _limit(bob, monkeypatch, "1 per minute")
    assert answer(bob, board(bob, people["bob"]))[0] is not None
    assert answer(bob, board(bob, people["bob"]))[0] is None

    now = limits.time.time()
    monkeypatch.setattr(limits.time, "time", lambda: now + 59)
    assert answer(bob, board(bob, people["bob"]))[0] is None
    monkeypatch.setattr(limits.time, "time", lambda: now + 61)
    assert answer(bob, board(bob, people["bob"]))[0] is not None


def test_while_redis_is_gone_in_the_middle_flask_answers_all_of_them(bob, people, monkeypatch):
    bob.keep(PAGES["lesson"])
    asked = [page(bob, "lesson"), board(bob, people["bob"])]

    def gone(*_given, **_named):
        raise RedisGone("gone")

    with monkeypatch.context() as patched:
        patched.setattr(Pipeline, "execute", gone)
        answers = answer(bob, *asked)

    assert answers == [None, None]
    assert [("yurt.api_counted" in each, READ in each, each[LOOKED]) for each in asked] == [(False, False, True)] * 2


def test_a_command_that_redis_refuses_concerns_nobody_else(bob, people):
    bob.keep(PAGES["lesson"])
    bob.app.extensions["yurt_redis"].script_flush()

    lesson, ranks = answer(bob, page(bob, "lesson"), board(bob, people["bob"]))

    assert lesson is not None
    assert ranks is None
    told = bob.app.test_client().get(BOARD, headers={"Authorization": f"Bearer {people['bob']}"})
    assert told.headers["X-RateLimit-Remaining"] == "598"


def test_a_statement_that_postgresql_ends_leaves_all_to_flask_and_counts_nobody_twice(bob, people):
    bob.keep(PAGES["lesson"])
    asked, told = [page(bob, "lesson"), board(bob, people["bob"]), board(bob, people["charlie"])], []
    with bob.app.app_context():
        db.session.execute(text("LOCK kept_versions IN ACCESS EXCLUSIVE MODE"))
        asking = threading.Thread(target=lambda: told.extend(answer(bob, *asked)))
        asking.start()
        waits = "SELECT pid FROM pg_locks WHERE relation = 'kept_versions'::regclass AND NOT granted"
        until(lambda: db.session.execute(text(waits)).first() is not None)

        pid = db.session.execute(text(waits)).scalar_one()
        db.session.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        db.session.rollback()
    asking.join(20)

    assert told == [None, None, None]
    assert READ in asked[0]
    assert [each["yurt.api_counted"] for each in asked[1:]] == [True, True]
    environ = {name: value for name, value in asked[1].items() if name.startswith("yurt.")}
    answered = bob.app.test_client().get(
        BOARD, headers={"Authorization": f"Bearer {people['bob']}"}, environ_overrides=environ
    )
    assert answered.headers["X-RateLimit-Remaining"] == "598"


def test_who_asks_after_a_change_is_told_of_it_with_all_others(bob, people):
    assert None not in answer(bob, board(bob, people["bob"]), board(bob, people["charlie"]))
    with bob.app.app_context():
        _award("erin", 50)
        db.session.commit()

    answers = answer(bob, board(bob, people["bob"]), board(bob, people["charlie"]))

    first, second = (json.loads(body) for _head, body in answers)
    shown = [[row["name"] for row in told["rows"]] for told in (first, second)]
    assert shown == [["Erin", "Bob", "Charlie"]] * 2
    assert (first["me"]["rank"], second["me"]["rank"]) == (2, 3)


def test_a_fault_in_one_request_is_no_others(bob, people, monkeypatch):
    real = kept.document

    def faulty(whole, course_id, user_id, per_page):
        if user_id == bob.user_id:
            raise RuntimeError("a fault")
        return real(whole, course_id, user_id, per_page)

    monkeypatch.setattr(kept, "document", faulty)

    mine, others = answer(bob, board(bob, people["bob"]), board(bob, people["charlie"]))

    assert mine is None
    assert json.loads(others[1])["me"]["name"] == "Charlie"


def test_somebody_elses_cookie_brings_their_page(bob):
    bob.keep(PAGES["course"])
    other = bob.app.test_client()
    sign_in(other, "alice")
    for _time in range(3):
        other.get(PAGES["course"])
    theirs = ask(bob, PAGES["course"], COOKIE=f"yurt_session={other.get_cookie('yurt_session').value}")

    mine, hers = answer(bob, page(bob, "course"), theirs)

    assert b"Bob" in mine[1] and b"Alice" not in mine[1]
    assert b"Alice" in hers[1] and b"Bob" not in hers[1]


@pytest.mark.parametrize(
    ("headers", "is_ours"),
    [
        ({}, True),
        ({"HOST": "evil.example"}, False),
        ({"X_FORWARDED_HOST": "evil.example"}, False),
        ({"HOST": "inside:80", "X_FORWARDED_HOST": "localhost"}, True),
        ({"ORIGIN": "http://localhost"}, False),
    ],
    ids=str,
)
def test_a_server_gives_to_lanes_what_flask_would_take_for_theirs(bob, people, monkeypatch, headers, is_ours):
    monkeypatch.setattr(bob.app.extensions[TOGETHER], "_proxies", 1)

    read = ask(bob, BOARD, AUTHORIZATION=f"Bearer {people['bob']}", **headers)

    assert (read is not None) is is_ours
