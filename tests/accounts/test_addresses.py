"""One spelling for an address, wherever one is typed."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import downgrade, upgrade
from flask_sqlalchemy import SQLAlchemy
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

from cli.tokens import token_group
from extensions import db as database
from models import Mail, User
from services.accounts import addresses, profiles, tokens
from services.errors import InvalidInput
from tests.factories import PASSWORD, make_cast
from tests.people import token

SPELLINGS = [
    "bob@example.org",
    " BOB@Example.ORG\u200b",
    "bob@example.𝓸ｒｇ",
    "ｂｏｂ＠example。org",
    "𝐛ob@EXAMPLE.org",
    "bob@ex\u24d0mple.org",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_spellings_of_one_address_are_one(spelling: str) -> None:
    assert addresses.normal(spelling) == "bob@example.org"
    assert addresses.key(spelling) == "bob@example.org"


@pytest.mark.parametrize(
    "spelling", ["lea@münchen.de", "LEA@MÜNCHEN.de", "lea@xn--mnchen-3ya.de", "lea@mu\u0308nchen.de"]
)
def test_a_domain_is_stored_in_ascii(spelling: str) -> None:
    assert addresses.normal(spelling) == "lea@xn--mnchen-3ya.de"


def test_letters_that_only_look_alike_stay_apart() -> None:
    told_apart = ["gross@example.org", "groß@example.org", "ıris@example.org", "iris@example.org"]

    assert len({addresses.normal(address) for address in told_apart}) == 4


@pytest.mark.parametrize(
    "broken",
    ["", "bob", "bob@", "bob@localhost", "b@b@example.org", "Bob <bob@example.org>", "b\x00@example.org", None],
)
def test_what_is_no_address_is_refused(broken: str | None) -> None:
    with pytest.raises(InvalidInput):
        addresses.normal(broken)


@given(st.text(max_size=40), st.sampled_from(["example.org", "münchen.de", "EXAMPLE.𝓸ｒｇ", "faß.de"]))
def test_what_is_normal_stays_as_it_is(name: str, domain: str) -> None:
    try:
        once = addresses.normal(f"{name}@{domain}")
    except InvalidInput:
        return

    assert addresses.normal(once) == once
    assert addresses.key(f"{name}@{domain}") == once


@given(st.one_of(st.text(), st.none(), st.integers(), st.text(alphabet=st.characters(categories=["Cs"]))))
def test_a_limit_has_a_key_for_whatever_is_sent(sent: object) -> None:
    assert addresses.key(sent).encode() is not None


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_signs_in(client: FlaskClient, db: SQLAlchemy, spelling: str) -> None:
    make_cast()

    form = {"email": spelling, "password": PASSWORD, "csrf_token": token(client, "/login")}
    answer = client.post("/login", data=form)

    assert answer.status_code == 302


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_spelling_makes_a_second_account(client: FlaskClient, db: SQLAlchemy, spelling: str) -> None:
    make_cast()
    before = len(db.session.scalars(select(User)).all())

    form = {"display_name": "Bob", "email": spelling, "password": PASSWORD, "password_confirm": PASSWORD}
    client.post("/register", data={**form, "csrf_token": token(client, "/register")})

    assert len(db.session.scalars(select(User)).all()) == before


def test_every_spelling_resets_and_counts_together(client: FlaskClient, db: SQLAlchemy) -> None:
    make_cast()

    statuses = [
        client.post("/reset", data={"email": spelling, "csrf_token": token(client, "/reset")}).status_code
        for spelling in SPELLINGS
    ]

    assert statuses == [200, 200, 200, 200, 200, 429]
    assert set(db.session.scalars(select(Mail.recipient))) == {"bob@example.org"}


def test_guesses_in_other_spellings_are_counted_together(client: FlaskClient, db: SQLAlchemy) -> None:
    make_cast()

    statuses = []
    for number in range(12):
        form = {"email": SPELLINGS[number % 6], "password": "wrong", "csrf_token": token(client, "/login")}
        statuses.append(client.post("/login", data=form).status_code)

    assert statuses[-2:] == [429, 429]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_commands_and_the_api_find_every_spelling(app: Flask, client: FlaskClient, spelling: str) -> None:
    cast = make_cast()
    _row, plain = tokens.issue(
        cast.alice.id, name="t", scopes=("read", "write"), days=1, now=cast.alice.create_datetime
    )

    answer = client.post(
        "/api/v1/courses/shell/enrolments",
        json={"email": spelling, "role": "assistant"},
        headers={"Authorization": f"Bearer {plain}"},
    )

    assert answer.status_code == 201, answer.text
    assert profiles.find_by_email(spelling).id == cast.bob.id
    assert app.test_cli_runner().invoke(token_group, ["list", spelling]).exit_code == 0
    assert app.test_cli_runner().invoke(args=["users", "deactivate", spelling]).exit_code == 0


def test_stored_addresses_are_made_normal_and_a_clash_is_left(committed_db) -> None:
    with committed_db.app.app_context():
        downgrade(revision="0007")
        insert = "INSERT INTO users (email, display_name, handle, fs_uniquifier) VALUES (:email, 'Old', :name, :name)"
        for number, email in enumerate(["Lea@MÜNCHEN.de", "bob@example.org", "bob@example.𝓸ｒｇ", "nonsense"]):
            database.session.execute(text(insert), {"email": email, "name": f"old-{number}"})
        database.session.commit()

        upgrade()

        stored = database.session.execute(text("SELECT email FROM users ORDER BY id")).scalars().all()
    assert stored == ["lea@xn--mnchen-3ya.de", "bob@example.org", "bob@example.𝓸ｒｇ", "nonsense"]
