"""Addresses are confirmed by who registered, and registering tells nobody who has an account."""

import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import downgrade, upgrade
from flask_security.cli import users
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select, text

from cli.demo import load_demo
from extensions import db as database
from models import Mail, User
from services.accounts import tokens
from tests.factories import UserFactory, make_cast
from tests.people import post, sign_in, token

SENTENCE = "a long enough sentence"
ERIN = {"display_name": "Erin", "email": "erin@example.org", "password": SENTENCE, "password_confirm": SENTENCE}


def letters(address: str = "erin@example.org") -> list[str]:
    """Return what was written to an address."""
    query = select(Mail.body_text).where(Mail.recipient == address).order_by(Mail.id)
    return list(database.session.scalars(query))


def link(letter: str, kind: str = "confirm") -> str:
    """Return the path of the link in a letter."""
    found = re.search(rf"http://localhost(/{kind}/\S+)", letter)
    assert found, letter
    return found.group(1)


def erin() -> User:
    return database.session.scalars(select(User).where(User.email == "erin@example.org")).one()


def test_the_link_confirms_and_signs_in_where_the_account_was_made(client: FlaskClient, db: SQLAlchemy) -> None:
    sent = client.post("/register?next=/courses", data={**ERIN, "csrf_token": token(client, "/register")})
    page = client.get("/register/sent").text

    answer = client.get(link(letters()[0]))

    assert sent.location == "/register/sent"
    assert "erin@example.org" in page and "Send the mail again" in page
    assert answer.location == "/courses"
    assert erin().confirmed_at is not None
    assert "Hello, Erin" in client.get("/").text


def test_nobody_signs_in_before_the_address_is_confirmed(client: FlaskClient, db: SQLAlchemy) -> None:
    post(client, "/register", **ERIN)

    unconfirmed = sign_in(client, "erin", SENTENCE)
    wrong = sign_in(client, "nobody", SENTENCE)

    told = [re.findall(r'role="alert">([^<]+)<', page.text) for page in (unconfirmed, wrong)]
    assert told[0] == told[1] and "open the link in our mail first" in told[0][0]
    assert "Hello" not in client.get("/").text


def test_elsewhere_the_link_takes_the_password(app: Flask, client: FlaskClient, db: SQLAlchemy) -> None:
    post(client, "/register", **ERIN)
    path, other = link(letters()[0]), app.test_client()

    asked = other.get(path)
    wrong = post(other, path, password="not the password")
    is_confirmed_yet = erin().confirmed_at is not None
    right = post(other, path, password=SENTENCE)

    assert asked.status_code == 200 and "Confirm and sign in" in asked.text
    assert wrong.status_code == 422
    assert not is_confirmed_yet
    assert right.status_code == 302
    assert "Hello, Erin" in other.get("/").text
    assert other.get(path).location == "/login"


def test_who_registered_anothers_address_never_gets_the_account(
    app: Flask, client: FlaskClient, db: SQLAlchemy
) -> None:
    owner = app.test_client()
    post(client, "/register", **ERIN)
    post(
        owner,
        "/register",
        **{**ERIN, "password": "the words of the owner", "password_confirm": "the words of the owner"},
    )

    first, again = letters()
    confirmed = owner.get(link(first))
    owner.post(
        link(again, "reset"),
        data={
            "password": "the words of the owner",
            "password_confirm": "the words of the owner",
            "csrf_token": token(owner, "/login"),
        },
    )

    assert confirmed.status_code == 200 and "Confirm and sign in" in confirmed.text
    assert erin().confirmed_at is not None
    assert sign_in(client, "erin", SENTENCE).status_code == 200
    assert sign_in(owner, "erin", "the words of the owner").status_code == 302


@pytest.mark.parametrize("broken", ["/confirm/nonsense", "/confirm/WyJhIiwiYiJd.abc.def"])
def test_a_broken_link_leads_to_a_new_one(client: FlaskClient, db: SQLAlchemy, broken: str) -> None:
    assert client.get(broken).location == "/confirm"


def test_the_mail_is_sent_again_to_who_waits_and_to_nobody_else(client: FlaskClient, db: SQLAlchemy) -> None:
    make_cast()
    post(client, "/register", **ERIN)

    answers = {name: post(client, "/confirm", email=f"{name}@example.org") for name in ("erin", "bob", "nobody")}

    assert {answer.status_code for answer in answers.values()} == {200}
    assert len(letters()) == 2
    assert letters("bob@example.org") == letters("nobody@example.org") == []
    assert link(letters()[1])


def test_a_role_that_is_given_by_address_waits_for_the_confirmation(
    app: Flask, client: FlaskClient, db: SQLAlchemy
) -> None:
    cast = make_cast()
    post(client, "/register", **ERIN)
    _row, plain = tokens.issue(
        cast.alice.id, name="t", scopes=("read", "write"), days=1, now=cast.alice.create_datetime
    )
    _row, theirs = tokens.issue(erin().id, name="t", scopes=("read", "write"), days=1, now=cast.alice.create_datetime)
    given = {"email": "erin@example.org", "role": "teacher"}
    client.post("/api/v1/courses/shell/enrolments", json=given, headers={"Authorization": f"Bearer {plain}"})

    people = "/api/v1/courses/shell/enrolments"
    before = client.get(people, headers={"Authorization": f"Bearer {theirs}"}).status_code
    with client.session_transaction() as session:
        session["_user_id"] = erin().fs_uniquifier
    page_before = client.get("/courses/shell/people").status_code
    with client.session_transaction() as session:
        session.pop("_user_id")
    client.get(link(letters()[0]))

    assert (before, page_before) == (401, 302)
    assert client.get(people, headers={"Authorization": f"Bearer {theirs}"}).status_code == 200
    assert client.get("/courses/shell/people").status_code == 200


def test_a_known_address_is_answered_like_a_new_one(app: Flask, db: SQLAlchemy) -> None:
    make_cast()
    UserFactory(handle="frida", confirmed_at=None)
    seen = []

    for name in ("erin", "bob", "frida"):
        client = app.test_client()
        answer = post(client, "/register", **{**ERIN, "email": f"{name}@example.org"})
        page = client.get("/register/sent").text
        with client.session_transaction() as session:
            kept = {key: sorted(value) if isinstance(value, dict) else type(value) for key, value in session.items()}
            lengths = [len(value) for value in session["yurt_registered"].values()][1:]
        shown = re.sub(r'csrf[^>]+>|value="[^"]+"', "", page).replace(name, "NAME")
        headers = sorted(key for key, _value in answer.headers)
        seen.append(
            (
                answer.status_code,
                answer.location,
                answer.text,
                headers,
                shown,
                kept,
                lengths,
                client.get("/").status_code,
            )
        )

    assert seen[0] == seen[1] == seen[2]


def test_mail_of_a_known_and_an_unknown_address_takes_the_same_work(
    client: FlaskClient, db: SQLAlchemy, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_cast()
    work: list[str] = []

    def noted(what: str) -> object:
        return lambda *_values, **_rest: work.append(what) or "$argon2id$v=19$"

    monkeypatch.setattr("flask_security.views.hash_password", noted("hash"))
    found = {}
    for name in ("bob", "nobody"):
        work.clear()
        answer = post(client, "/reset", email=f"{name}@example.org")
        found[name] = (answer.status_code, list(work))

    assert found["bob"] == found["nobody"] == (200, [])
    assert len(letters("bob@example.org")) == 1
    assert letters("nobody@example.org") == []


def test_registration_can_be_closed(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = app.extensions["yurt"].model_copy(update={"registration": "closed"})
    monkeypatch.setitem(app.extensions, "yurt", closed)

    assert client.get("/register").status_code == 404
    assert "given out" in client.get("/register").text
    assert post(client, "/register", **ERIN).status_code == 404


def test_accounts_of_commands_and_of_the_demo_are_confirmed(app: Flask, db: SQLAlchemy, tmp_path: Path) -> None:
    load_demo()
    made = app.test_cli_runner().invoke(users, ["create", "ann@example.org", "--password", SENTENCE, "--active"])

    everybody = db.session.scalars(select(User)).all()
    assert made.exit_code == 0, made.output
    assert len(everybody) == 5
    assert all(user.confirmed_at for user in everybody)


def test_who_takes_part_already_is_confirmed_by_the_migration_and_who_belongs_to_nothing_is_not(committed_db) -> None:
    with committed_db.app.app_context():
        make_cast()
        database.session.commit()
        downgrade(revision="0012")
        upgrade()

        query = text("SELECT handle FROM users WHERE confirmed_at IS NOT NULL ORDER BY handle")
        confirmed = database.session.execute(query).scalars().all()
    assert confirmed == ["alice", "bob", "dana"]


@pytest.mark.parametrize(("length", "is_taken"), [(9, False), (10, True), (129, True), (1000, True), (1001, False)])
def test_a_password_may_be_long(client: FlaskClient, db: SQLAlchemy, length: int, is_taken: bool) -> None:
    answer = post(client, "/register", **{**ERIN, "password": "x" * length, "password_confirm": "x" * length})

    assert (answer.status_code == 302) is is_taken
    if not is_taken:
        assert ("at least 10" if length < 10 else "at most 1000") in answer.text
