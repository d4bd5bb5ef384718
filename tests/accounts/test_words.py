"""What the account pages say to people, in words of the house."""

import re

from flask.testing import FlaskClient
from sqlalchemy import select

from extensions import db as database
from models import User
from tests.factories import make_cast
from tests.people import post, sign_in

SENTENCE = "a long enough sentence"


def register(client: FlaskClient, **form: str) -> object:
    """Send the form of a new account."""
    whole = {"display_name": "Erin", "email": "erin@example.org", "password": SENTENCE, "password_confirm": SENTENCE}
    return post(client, "/register", **{**whole, **form})


def test_a_wrong_password_is_told_in_plain_words(client: FlaskClient, db: object) -> None:
    make_cast()

    shown = sign_in(client, "bob", "not the password").text

    assert "This address and this password don&#39;t belong together." in shown


def test_a_new_account_has_the_time_zone_of_the_browser(client: FlaskClient, db: object) -> None:
    register(client, time_zone="Asia/Almaty")

    assert database.session.scalars(select(User)).one().time_zone == "Asia/Almaty"


def test_a_time_zone_that_isnt_one_is_utc(client: FlaskClient, db: object) -> None:
    register(client, time_zone="Moon/Tranquility")

    assert database.session.scalars(select(User)).one().time_zone == "UTC"


def test_what_a_token_may_do_is_ticked(client: FlaskClient, db: object) -> None:
    make_cast()
    sign_in(client, "bob")

    shown = client.get("/account/tokens").text

    assert re.findall(r'type="checkbox" value="(\w+)"', shown) == ["read", "write"]
