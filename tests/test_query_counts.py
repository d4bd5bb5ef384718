"""What each page costs, with much in the database: it doesn't grow with the rows.

Statements are counted where SQLAlchemy announces them, round trips on the wires to PostgreSQL and Redis: what drivers
and pools say by themselves (BEGIN, pings, COMMIT) counts, too.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from app import create_app
from extensions import db as database
from models import Attempt, Quiz, utcnow
from services.accounts import tokens
from services.courses import progress
from services.quizzes import answers, attempts
from tests.engines import Engines, site_settings
from tests.factories import (
    ASKED,
    RIGHT,
    Cast,
    CourseFactory,
    EnrolmentFactory,
    LessonFactory,
    ModuleFactory,
    QuizFactory,
    UserFactory,
    add_check,
    add_question,
    make_cast,
)
from tests.help.classes import add_class, add_runs
from tests.people import sign_in, token
from tests.quizzes.test_draws import add_to_bank, drawing_quiz
from tests.relays import CountingRelay

pytestmark = pytest.mark.long

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ASKED_FOR = 1  # the person with their roles on the site, where a page changes an account

PAGES = {
    "/": 3,
    "/courses": 3,
    "/courses/shell": 5,
    "/courses/shell/lessons/first-words": 3,
    "/courses/shell/quizzes/first-quiz": 5,  # one for what regrades changed of attempts that are closed
    "/courses/shell/leaderboard": 7,
    "/courses/shell/grades": 6,
    "/courses/shell/leaderboard?partial=1": 6,
    "/courses/shell/points": 5,
    "/courses/shell/labs/first-lab": 6,
    "/labs": 2,
    "/enrol": 0,  # who somebody is comes with the session
    "/account": ASKED_FOR,
    "/account/tokens": ASKED_FOR + 1,
    "/attempts/{open}": 3,
    "/attempts/{closed}/result": 6,  # the same
}

# Pages on which somebody's rank stands.
RANKED = ("/courses/shell", "/courses/shell/leaderboard")
MOST_TO_HAND_IN = 10


@pytest.fixture
def counted() -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            statements.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield statements
    event.remove(database.engine, "before_cursor_execute", note)


@pytest.fixture
def crowd(cast: Cast) -> dict[str, int]:
    return add_crowd(cast)


def add_crowd(cast: Cast) -> dict[str, int]:
    """Add thirty more of everything that a page lists; return the ids of an open and a closed attempt of bob's."""
    module = ModuleFactory(course=cast.course, position=2)
    for number in range(30):
        LessonFactory(module=module, position=number)
        student = UserFactory()
        EnrolmentFactory(course=cast.course, user=student)
        progress.complete_lesson(student.id, cast.lesson, now=NOW)
        if number < 10:
            EnrolmentFactory(course=CourseFactory(), user=cast.bob)
            add_question(cast.quiz, "single")
            add_check(cast.lab)
    cast.course.version += 1
    closed = attempts.start(cast.bob.id, cast.quiz, now=NOW)
    for item in closed.items:
        answers.save(closed.id, item.position, RIGHT[item.version.kind], revision=1, now=NOW)
    attempts.submit(closed, now=NOW)
    opened = attempts.start(cast.bob.id, cast.quiz, now=NOW)
    return {"open": opened.id, "closed": closed.id}


@pytest.mark.parametrize(("path", "most"), PAGES.items())
def test_a_page_costs_few_statements(
    client: FlaskClient, cast: Cast, crowd: dict[str, int], counted: list[str], path: str, most: int
) -> None:
    sign_in(client, "bob")
    address = path.format(**crowd)
    client.get(address)  # what is cached is cached now
    counted.clear()

    response = client.get(address)

    assert response.status_code == 200
    assert len(counted) <= most, "\n\n".join(counted)


def test_the_list_of_people_costs_few_statements(
    client: FlaskClient, cast: Cast, crowd: dict[str, int], counted: list[str]
) -> None:
    sign_in(client, "alice")
    client.get("/courses/shell/people")
    counted.clear()

    client.get("/courses/shell/people")

    assert len(counted) <= 5, "\n\n".join(counted)


def test_an_attempt_is_drawn_in_as_few_statements_whatever_it_asks(cast: Cast, counted: list[str]) -> None:
    counts = []
    for hour, (count, pool) in enumerate([(2, 4), (30, 60)]):
        quiz = drawing_quiz(cast, count=count, pool=pool, prefix=f"pool-{count}")
        quiz.slots[0].tag = f"pool-{count}"
        database.session.flush()
        database.session.expire_all()
        user_id, quiz_row = cast.bob.id, database.session.get_one(Quiz, quiz.id)
        counted.clear()

        attempt = attempts.start(user_id, quiz_row, now=utcnow() + timedelta(hours=hour))

        counts.append(len(counted))
        assert len(attempt.items) == count
    assert counts[0] == counts[1], "\n\n".join(counted)


@pytest.mark.parametrize(("path", "most"), [("", 7), ("/next", 6)])
def test_practice_costs_few_statements_however_many_questions_and_quizzes(
    client: FlaskClient, cast: Cast, counted: list[str], path: str, most: int
) -> None:
    cast.course.offers_practice = True
    for number in range(30):
        add_to_bank(cast.course.id, f"more-{number}", "practice")
        quiz = QuizFactory(module=cast.quiz.module, slug=f"over-{number}", closes_at=NOW)
        add_question(quiz, "single")
    sign_in(client, "bob")
    client.get("/courses/shell/practice")
    counted.clear()

    response = client.get(f"/courses/shell/practice{path}")

    assert response.status_code == 200
    assert len(counted) <= most, "\n\n".join(counted)


@pytest.mark.parametrize(("path", "most"), [("", 6), ("/{question}", 8), ("/{question}/edit", 4), ("/new", 3)])
def test_a_page_of_the_bank_costs_few_statements_however_many_questions(
    client: FlaskClient, cast: Cast, counted: list[str], path: str, most: int
) -> None:
    for number in range(30):
        add_to_bank(cast.course.id, f"more-{number}", "more")
    sign_in(client, "alice")
    address = f"/courses/shell/bank{path}".format(question=cast.quiz.questions[0].id)
    client.get(address)
    counted.clear()

    response = client.get(address)

    assert response.status_code == 200
    assert len(counted) <= most, "\n\n".join(counted)


def test_what_a_quiz_asks_costs_as_much_with_thirty_places_as_with_four(
    client: FlaskClient, cast: Cast, counted: list[str]
) -> None:
    sign_in(client, "alice")
    counts = []
    for more in (0, 26):
        for _number in range(more):
            add_question(cast.quiz, "single")
        client.get("/courses/shell/quizzes/first-quiz/questions")
        counted.clear()
        assert client.get("/courses/shell/quizzes/first-quiz/questions").status_code == 200
        counts.append(len(counted))

    assert counts[0] == counts[1] <= 6, "\n\n".join(counted)


def test_a_board_of_thirty_labs_costs_as_much_as_one_of_three(
    client: FlaskClient, cast: Cast, counted: list[str]
) -> None:
    sign_in(client, "alice")
    counts = []
    for more in (3, 27):
        for lab_session in add_class(cast, utcnow(), more):
            add_runs(lab_session, cast, utcnow(), "failed", "failed", "failed")
        client.get("/courses/shell/labs-board")
        counted.clear()

        response = client.get("/courses/shell/labs-board")

        counts.append(len(counted))

    assert response.text.count('class="student"') == 25  # a page
    assert counts[0] == counts[1], "\n\n".join(counted)
    assert counts[1] <= 14, "\n\n".join(counted)


def test_grading_by_hand_costs_as_much_with_thirty_answers_as_with_three(
    client: FlaskClient, cast: Cast, counted: list[str]
) -> None:
    quiz = QuizFactory(module=cast.quiz.module, slug="by-hand", position=9)
    add_question(quiz, "essay")
    sign_in(client, "alice")
    counts = []
    for more in (3, 27):
        for _number in range(more):
            student = UserFactory()
            EnrolmentFactory(course=cast.course, user=student)
            attempt = attempts.start(student.id, quiz, now=NOW)
            answers.save(attempt.id, 1, RIGHT["essay"], revision=1, now=NOW)
            attempts.submit(attempt, now=NOW)
        database.session.expire_all()
        for path in ("/courses/shell/quizzes/by-hand/to-grade", f"/attempts/{attempt.id}/items/1/grade"):
            client.get(path)
            counted.clear()

            response = client.get(path)

            assert response.status_code == 200
            counts.append(len(counted))

    assert counts[:2] == counts[2:], "\n\n".join(counted)
    assert counts[0] <= 6, "\n\n".join(counted)
    assert counts[1] <= 7, "\n\n".join(counted)  # one of them holds the answer for who grades it


def test_saving_an_answer_costs_few_statements(
    client: FlaskClient, cast: Cast, crowd: dict[str, int], counted: list[str]
) -> None:
    sign_in(client, "bob")
    headers = {"X-CSRFToken": token(client)}
    counted.clear()

    client.put(f"/attempts/{crowd['open']}/items/1", json={"revision": 1, "response": "a"}, headers=headers)

    assert len(counted) <= 2, "\n\n".join(counted)


def test_saving_an_answer_by_the_api_reads_that_question_alone(
    client: FlaskClient, cast: Cast, crowd: dict[str, int], counted: list[str]
) -> None:
    _row, plain = tokens.issue(cast.bob.id, name="script", scopes=tokens.SCOPES, days=9, now=utcnow())
    path = f"/api/v1/attempts/{crowd['open']}/items/1"
    headers = {"Authorization": f"Bearer {plain}"}
    client.put(path, json={"revision": 1, "response": "a"}, headers=headers)
    counted.clear()

    response = client.put(path, json={"revision": 2, "response": "b"}, headers=headers)

    assert response.status_code == 200
    reading = [statement for statement in counted if "question_versions.spec" in statement]
    assert len(reading) == 1, "\n\n".join(counted)
    assert "attempt_items.position = " in reading[0]


@dataclass(frozen=True)
class Wires:
    """A site whose wires to its engines are listened to."""

    app: Flask
    postgresql: CountingRelay
    redis: CountingRelay
    crowd: dict[str, int]

    def client(self, name: str) -> FlaskClient:
        """Sign somebody in."""
        client = self.app.test_client()
        sign_in(client, name)
        return client

    def forget(self) -> None:
        """Count from here."""
        self.postgresql.questions.clear()
        self.redis.questions.clear()


@pytest.fixture(scope="module")
def wires(engines: Engines, worker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wires]:
    name = f"wires_{worker}"
    engines.copy(name)
    postgresql = CountingRelay(engines.postgresql.sockets / ".s.PGSQL.5432")
    redis = CountingRelay(engines.valkey.socket)
    number = engines.redis_url(worker).rpartition("=")[2]
    url = f"postgresql://yurt@127.0.0.1:{postgresql.port}/{name}?sslmode=disable&gssencmode=disable"
    settings = site_settings(url, f"redis://127.0.0.1:{redis.port}/{number}", tmp_path_factory.mktemp("wires"))
    app = create_app(settings)
    app.extensions["yurt_redis"].flushdb()
    with app.app_context():
        crowd = add_crowd(make_cast())
        database.session.commit()
    yield Wires(app, postgresql, redis, crowd)
    with app.app_context():
        database.engine.dispose()
    postgresql.close()
    redis.close()
    engines.drop(name)


@pytest.mark.parametrize(("path", "most"), PAGES.items())
def test_a_page_costs_few_round_trips(wires: Wires, path: str, most: int) -> None:
    client = wires.client("bob")
    address = path.format(**wires.crowd)
    client.get(address)
    wires.forget()

    response = client.get(address)

    assert response.status_code == 200
    # Nothing goes before the first query, and one message ends the transaction.
    assert len(wires.postgresql.questions) <= most + 1, told(wires.postgresql)
    assert all(first[5:].startswith(b"BEGIN;SELECT") for first in wires.postgresql.questions[:1]), told(
        wires.postgresql
    )
    # The session with whose it is, and on the board's page a ticket for its changes. A rank asks which state its board
    # shows, and then for the rows.
    extra = 2 * (path.split("?")[0] in RANKED) + ("leaderboard" in path)
    assert len(wires.redis.questions) <= 1 + extra, told(wires.redis)


def test_starting_an_attempt_costs_few_round_trips(wires: Wires) -> None:
    client = wires.client("alice")
    headers = {"X-CSRFToken": token(client)}
    wires.forget()

    response = client.post("/courses/shell/quizzes/first-quiz/attempts", headers=headers)

    assert response.status_code == 302, response.text
    # Course and role, the quiz, one's turn, what one has had, the questions, all rows of the attempt; and COMMIT.
    assert len(wires.postgresql.questions) <= 7, told(wires.postgresql)
    # The session with whose it is, the number of starts, and at most what is written of the session.
    assert len(wires.redis.questions) <= 3, told(wires.redis)


def test_saving_an_answer_costs_few_round_trips(wires: Wires) -> None:
    client = wires.client("bob")
    headers = {"X-CSRFToken": token(client)}
    wires.forget()

    response = client.put(
        f"/attempts/{wires.crowd['open']}/items/1", json={"revision": 1, "response": "a"}, headers=headers
    )

    assert response.status_code == 200
    # Locked and read, written, committed.
    assert len(wires.postgresql.questions) <= 3, told(wires.postgresql)
    # The session with whose it is, and the hint for other pages.
    assert len(wires.redis.questions) <= 2, told(wires.redis)


def test_handing_in_twenty_questions_costs_few_round_trips(wires: Wires) -> None:
    client = wires.client("bob")
    headers = {"X-CSRFToken": token(client), "Accept": "application/json"}
    with wires.app.app_context():
        quiz = database.session.get_one(Attempt, wires.crowd["open"]).quiz
        more: Quiz = QuizFactory(module=quiz.module, slug="twenty", points=20)
        for number in range(20):
            add_question(more, ASKED[number % len(ASKED)])
        bob = database.session.get_one(Attempt, wires.crowd["open"]).user_id
        attempt = attempts.start(bob, more, now=utcnow())
        for item in attempt.items:
            answers.save(attempt.id, item.position, RIGHT[item.version.kind], revision=1, now=utcnow())
        address = f"/attempts/{attempt.id}/submit"
        database.session.commit()
    wires.forget()

    response = client.post(address, headers=headers)

    assert response.get_json()["state"] == "closed"
    assert len(wires.postgresql.questions) <= MOST_TO_HAND_IN, told(wires.postgresql)


def told(wire: CountingRelay) -> str:
    return "\n\n".join(question.decode(errors="replace") for question in wire.questions)
