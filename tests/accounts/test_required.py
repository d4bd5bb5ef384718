"""A site that asks for a second factor: who lacks one is led to add it, and nothing else works till then."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from extensions import db as database
from models import utcnow
from services.accounts import tokens
from services.courses import members
from tests.accounts.codes import add_app, clock, second_step, who
from tests.accounts.software_key import add_key, ask, send
from tests.people import post, sign_in
from tests.sign_on.conftest import come_back, provider, there, trust

__all__ = ["clock", "provider", "trust"]
PAGES = ("/", "/courses", "/account", "/account/tokens", "/labs", "/courses/shell/lessons/first-words", "/signed-in")


@pytest.fixture
def ask_of(app: Flask) -> Iterator[Callable[[str], None]]:
    """Have the site ask it of some."""
    before = app.extensions["yurt"]

    def ask(whom: str) -> None:
        app.extensions["yurt"] = before.model_copy(update={"second_factor_for": whom})

    yield ask
    app.extensions["yurt"] = before


def is_led(client: FlaskClient, path: str = "/courses") -> bool:
    return client.get(path).location == "/account/factors"


@pytest.mark.parametrize(
    ("whom", "led"),
    [
        ("nobody", set()),
        ("admins", {"dana"}),
        ("staff", {"dana", "alice"}),
        ("everybody", {"dana", "alice", "bob", "charlie"}),
    ],
)
def test_it_is_asked_of_whom_the_site_says(app, cast, ask_of, whom, led):
    ask_of(whom)
    found = set()
    for name in ("alice", "bob", "charlie", "dana"):
        client = app.test_client()
        sign_in(client, name)
        # Asked of PostgreSQL first, then taken from what is kept.
        answers = {is_led(client), is_led(client)}
        assert len(answers) == 1
        found |= {name} if answers == {True} else set()

    assert found == led


def test_nothing_works_but_adding_one_and_signing_out(client, cast, ask_of, clock):
    ask_of("everybody")
    sign_in(client, "bob")

    assert all(is_led(client, path) for path in PAGES)
    assert post(client, "/account", display_name="Rob").location == "/account/factors"
    script = client.get("/courses", headers={"Accept": "application/json"})
    assert (script.status_code, script.get_json()["reason"]["code"]) == (403, "second_factor_needed")
    page = client.get("/account/factors")
    assert page.status_code == 200
    assert "This site asks you for a second factor" in page.text
    assert client.get("/session").get_json()["user_id"] == cast.bob.id
    add_app(client, clock)
    assert not any(is_led(client, path) for path in PAGES)
    assert "This site asks you" not in client.get("/account/factors").text


def test_visitors_look_around_as_before(client, cast, ask_of):
    ask_of("everybody")

    assert client.get("/courses").status_code == 200


def test_who_is_led_may_leave(client, cast, ask_of):
    ask_of("everybody")
    sign_in(client, "bob")

    post(client, "/logout")

    assert who(client) is None


def test_a_passkey_is_one_also_of_who_came_in_by_it_alone(client, cast, ask_of):
    ask_of("everybody")
    sign_in(client, "bob")
    key = add_key(client)
    post(client, "/logout")

    send(client, "/login/passkey", key.get(ask(client, "/login/passkey")))

    assert who(client) == cast.bob.id
    assert not is_led(client)


def test_who_takes_the_last_one_away_is_led_again(client, cast, ask_of, clock):
    ask_of("everybody")
    sign_in(client, "bob")
    add_app(client, clock)

    post(client, "/account/factors/authenticator/remove")

    assert is_led(client)


def test_who_becomes_an_assistant_is_asked_at_once(client, cast, ask_of):
    ask_of("staff")
    sign_in(client, "bob")
    assert not is_led(client)

    members.set_role(cast.course, cast.bob.id, "assistant", now=utcnow())
    database.session.commit()

    assert is_led(client)


def test_a_token_of_who_lacks_one_waits_until_they_have_one(client, cast, ask_of, clock):
    _row, plain = tokens.issue(cast.bob.id, name="script", scopes=("read",), days=9, now=utcnow())
    header = {"Authorization": f"Bearer {plain}"}
    ask_of("staff")
    assert client.get("/api/v1/me", headers=header).status_code == 200
    ask_of("everybody")

    refused = client.get("/api/v1/me", headers=header)

    assert (refused.status_code, refused.mimetype) == (403, "application/problem+json")
    assert refused.get_json()["reason"]["code"] == "second_factor_needed"
    sign_in(client, "bob")
    add_app(client, clock)
    assert client.get("/api/v1/me", headers=header).status_code == 200


@pytest.mark.parametrize("is_trusted", [True, False])
def test_a_provider_that_asks_for_one_is_enough_for_its_session(client, db, ask_of, provider, trust, is_trusted):
    trust(provider.url, has_second_factor=is_trusted)
    ask_of("everybody")

    come_back(client, provider.agree(there(client)))

    assert who(client) is not None
    assert is_led(client) != is_trusted


def test_the_session_of_a_provider_is_not_the_next_persons(client, cast, ask_of, provider, trust):
    trust(provider.url, has_second_factor=True)
    ask_of("everybody")
    come_back(client, provider.agree(there(client)))
    post(client, "/logout")

    sign_in(client, "bob")

    assert is_led(client)


def test_signing_in_with_the_factor_leads_where_one_wanted_to_go(client, cast, ask_of, clock):
    ask_of("everybody")
    sign_in(client, "bob")
    phone = add_app(client, clock)
    post(client, "/logout")
    sign_in(client, "bob")

    second_step(client, phone.code())

    assert not is_led(client)


def test_whether_somebody_is_staff_is_asked_once_and_comes_with_the_session_then(client, cast, ask_of, app):
    ask_of("staff")
    sign_in(client, "charlie")
    app.extensions["yurt_redis"].delete(f"yurt:who:{cast.charlie.id}")
    asked: list[str] = []
    connection = database.session.get_bind()

    def note(_connection, _cursor, statement, *_rest):
        asked.append(statement)

    event.listen(connection, "before_cursor_execute", note)
    try:
        for _ in range(3):
            client.get("/labs")
    finally:
        event.remove(connection, "before_cursor_execute", note)

    assert len([each for each in asked if "enrolments.role IN" in each]) == 1
