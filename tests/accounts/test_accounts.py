"""Registering, signing in and out, resetting a password, the profile, and the throttle."""

import re

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select

from models import Mail, User
from services.accounts import profiles
from services.errors import InvalidInput
from tests.factories import PASSWORD, Cast, UserFactory
from tests.people import post, sign_in, token


def register(client: FlaskClient, **changes: str) -> object:
    form = {
        "display_name": "Erin Example",
        "email": "erin@example.org",
        "password": "a long enough sentence",
        "password_confirm": "a long enough sentence",
        **changes,
    }
    return client.post("/register", data={**form, "csrf_token": token(client, "/register")})


def test_registering_writes_a_mail_and_signs_nobody_in(client: FlaskClient, db: SQLAlchemy) -> None:
    response = register(client)

    user = db.session.scalars(select(User).where(User.email == "erin@example.org")).one()
    assert response.location == "/register/sent"
    assert (user.display_name, user.handle, user.confirmed_at) == ("Erin Example", "erin-example", None)
    assert "Hello" not in client.get("/").text
    assert db.session.scalars(select(Mail.recipient)).all() == ["erin@example.org"]


@pytest.mark.parametrize(
    ("field", "value"),
    [("display_name", "  "), ("display_name", "x" * 61), ("password", "short"), ("email", "nobody")],
)
def test_a_registration_that_cannot_be_says_why(client: FlaskClient, db: SQLAlchemy, field: str, value: str) -> None:
    response = register(client, **{field: value})

    assert 'aria-invalid="true"' in response.text
    assert db.session.scalar(select(User)) is None


def test_an_address_that_is_taken_is_not_told(client: FlaskClient, cast: Cast, db: SQLAlchemy) -> None:
    response = register(client, email="bob@example.org")

    assert response.status_code == 302
    assert len(db.session.scalars(select(User).where(User.email == "bob@example.org")).all()) == 1


def test_signing_in_and_out(client: FlaskClient, cast: Cast) -> None:
    assert sign_in(client, "bob").status_code == 302
    assert "Hello, Bob" in client.get("/").text

    post(client, "/logout")

    assert "Hello" not in client.get("/").text


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(client: FlaskClient, cast: Cast) -> None:
    wrong = sign_in(client, "bob", "not the password")
    unknown = sign_in(client, "nobody", "not the password")

    errors = [re.findall(r'class="notice notice-bad"[^>]*>([^<]+)<', page.text) for page in (wrong, unknown)]
    assert errors[0]
    assert errors[0] == errors[1]


def test_a_person_who_must_sign_in_comes_back_to_the_page(client: FlaskClient, cast: Cast) -> None:
    asked = client.get("/courses/shell/lessons/first-words")

    assert asked.status_code == 302
    assert "/login?next=/courses/shell/lessons/first-words" in asked.location


def test_remember_me_outlives_the_session(client: FlaskClient, cast: Cast) -> None:
    form = {"email": "bob@example.org", "password": PASSWORD, "remember": "y", "csrf_token": token(client, "/login")}
    client.post("/login", data=form)

    client.delete_cookie("yurt_session")

    assert "Hello, Bob" in client.get("/").text


def test_guessing_one_account_is_slowed_down_and_the_class_is_not(client: FlaskClient, cast: Cast) -> None:
    for number in range(40):
        UserFactory(handle=f"classmate-{number}")
    guesses = [sign_in(client, "bob", f"guess number {number}").status_code for number in range(12)]

    statuses = []
    for number in range(40):
        statuses.append(sign_in(client, f"classmate-{number}").status_code)
        post(client, "/logout")

    assert guesses[-1] == 429
    assert set(statuses) == {302}


def test_a_reset_link_comes_by_mail_and_works_once(client: FlaskClient, cast: Cast, db: SQLAlchemy) -> None:
    client.post("/reset", data={"email": "bob@example.org", "csrf_token": token(client, "/reset")})
    letter = db.session.scalars(select(Mail).where(Mail.recipient == "bob@example.org")).one()
    link = re.search(r"/reset/\S+", letter.body_text)
    assert link
    form = {"password": "another long sentence", "password_confirm": "another long sentence"}

    first = client.post(link.group(0), data={**form, "csrf_token": token(client, "/login")})
    second = client.post(link.group(0), data={**form, "csrf_token": token(client, "/login")})

    assert first.location == "/login"
    assert second.location != "/login"
    assert sign_in(client, "bob", "another long sentence").status_code == 302


def test_asking_for_an_unknown_address_tells_nothing(client: FlaskClient, cast: Cast, db: SQLAlchemy) -> None:
    known = client.post("/reset", data={"email": "bob@example.org", "csrf_token": token(client, "/reset")})
    unknown = client.post("/reset", data={"email": "no@example.org", "csrf_token": token(client, "/reset")})

    assert known.status_code == unknown.status_code
    assert len(db.session.scalars(select(Mail)).all()) == 1


def test_the_profile_is_kept(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, "bob")

    post(client, "/account", display_name="Bobby", time_zone="Asia/Kolkata", theme="dark")

    page = client.get("/account").text
    assert "Bobby" in page
    assert 'data-theme="dark"' in page


@pytest.mark.parametrize(("field", "value"), [("display_name", " "), ("time_zone", "Mars/Olympus"), ("theme", "neon")])
def test_a_profile_that_cannot_be_says_why(client: FlaskClient, cast: Cast, field: str, value: str) -> None:
    sign_in(client, "bob")
    form = {"display_name": "Bob", "time_zone": "UTC", "theme": "dark", field: value}

    response = post(client, "/account", **form)

    assert response.status_code == 422
    assert 'aria-invalid="true"' in response.text


@pytest.mark.parametrize(
    ("name", "handle"),
    [("Ada Lovelace", "ada-lovelace"), ("Łukasz Żółć", "ukasz-zoc"), ("王", "student"), ("--", "student")],
)
def test_a_handle_is_made_of_the_name(db: SQLAlchemy, name: str, handle: str) -> None:
    assert profiles.handle_for(name) == handle


def test_a_taken_handle_gets_digits(cast: Cast) -> None:
    assert re.fullmatch(r"bob-[0-9a-f]{6}", profiles.handle_for("Bob"))


def test_a_name_keeps_no_control_characters(db: SQLAlchemy) -> None:
    assert profiles.clean_name("  Bo\x1b[31mb \x00 Bajwa\n") == "Bo[31mb Bajwa"
    with pytest.raises(InvalidInput):
        profiles.clean_name("\x00\n")
