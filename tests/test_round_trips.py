"""What each page costs on the wires to PostgreSQL and Redis, with much in the database.

What drivers and pools say by themselves (BEGIN, pings, COMMIT) counts, too.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from extensions import db as database
from models import Attempt, Quiz, utcnow
from services.quizzes import answers, attempts
from tests.crowds import PAGES, add_crowd
from tests.engines import Engines, site_settings
from tests.factories import (
    ASKED,
    RIGHT,
    QuizFactory,
    add_question,
    make_cast,
)
from tests.people import sign_in, token
from tests.relays import CountingRelay

pytestmark = pytest.mark.long

# Pages on which somebody's rank stands.
RANKED = ("/courses/shell", "/courses/shell/leaderboard")
MOST_TO_HAND_IN = 10


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
    assert all(
        first[5:].startswith((b"BEGIN;SELECT", b"BEGIN;EXECUTE kept_")) for first in wires.postgresql.questions[:1]
    ), told(wires.postgresql)
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
    # Course, role, quiz and one's turn; what one has had, the questions, all rows of the attempt; and COMMIT.
    assert len(wires.postgresql.questions) <= 5, told(wires.postgresql)
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
