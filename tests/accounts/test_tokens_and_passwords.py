"""Tokens on the account's page: read-only ones, how many, and what a new password means for them."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select

from cli.tokens import token_group
from models import ApiToken, utcnow
from services.accounts import tokens
from services.errors import Conflict
from tests.factories import PASSWORD, Cast
from tests.people import post, sign_in, token

NEW = {"new_password": "another long sentence", "new_password_confirm": "another long sentence"}


def working(db: SQLAlchemy, cast: Cast) -> int:
    query = select(ApiToken).where(ApiToken.user_id == cast.bob.id, ApiToken.revoked_at.is_(None))
    return len(db.session.scalars(query).all())


def issue(cast: Cast, count: int = 1, days: int = 9) -> None:
    for _ in range(count):
        tokens.issue(cast.bob.id, name="script", scopes=("read",), days=days, now=utcnow())


@pytest.mark.parametrize("scopes", [["read"], ["write"], ["read", "write"]])
def test_a_token_may_have_any_of_the_scopes(client: FlaskClient, cast: Cast, db: SQLAlchemy, scopes: list[str]) -> None:
    sign_in(client, "bob")

    page = client.get("/account/tokens").text
    made = post(client, "/account/tokens", name="script", days=30, scopes=scopes)

    assert page.count('name="scopes"') == 2
    assert not [box for box in page.split("<input") if 'name="scopes"' in box and "required" in box.split(">")[0]]
    assert made.status_code == 200
    assert db.session.scalars(select(ApiToken.scopes)).one() == scopes


def test_the_page_makes_a_token_of_one_course_and_parts_of_the_api(
    client: FlaskClient, cast: Cast, db: SQLAlchemy
) -> None:
    sign_in(client, "bob")

    made = post(client, "/account/tokens", name="script", days=30, parts=["labs:read", "points:read"], course="shell")

    row = db.session.scalars(select(ApiToken)).one()
    assert (row.scopes, row.course_id) == (["labs:read", "points:read"], cast.course.id)
    assert f"only in {cast.course.title}" in made.text


def test_the_page_binds_no_token_to_a_course_of_others(client: FlaskClient, cast: Cast, db: SQLAlchemy) -> None:
    sign_in(client, "charlie")

    refused = post(client, "/account/tokens", name="script", days=30, scopes=["read"], course="shell")

    assert refused.status_code == 422
    assert db.session.scalars(select(ApiToken)).all() == []


def test_a_token_without_any_scope_is_refused_with_words(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, "bob")

    refused = post(client, "/account/tokens", name="script", days=30)

    assert refused.status_code == 422
    assert "Choose at least one." in refused.text


def test_nobody_has_more_than_twenty_tokens_that_work(client: FlaskClient, cast: Cast, app: Flask) -> None:
    issue(cast, 20)
    sign_in(client, "bob")

    page = post(client, "/account/tokens", name="one more", days=30, scopes=["read"])
    command = app.test_cli_runner().invoke(token_group, ["create", "bob@example.org"])

    assert (page.status_code, command.exit_code) == (422, 1)
    assert "There are 20 tokens that work already" in page.text
    assert "There are 20 tokens that work already" in command.output
    with pytest.raises(Conflict):
        issue(cast)


def test_tokens_that_are_revoked_or_over_leave_room(cast: Cast, db: SQLAlchemy) -> None:
    issue(cast, 20)
    rows = tokens.of_user(cast.bob.id)
    tokens.revoke(rows[0].id, user_id=cast.bob.id, now=utcnow())
    rows[1].expires_at = utcnow()
    db.session.flush()

    issue(cast, 2)

    with pytest.raises(Conflict):
        issue(cast)


@pytest.mark.parametrize(("answer", "left"), [({}, 2), ({"end_tokens": "y"}, 0)])
def test_who_changes_a_password_may_end_the_tokens(
    client: FlaskClient, cast: Cast, db: SQLAlchemy, answer: dict[str, str], left: int
) -> None:
    issue(cast, 2)
    sign_in(client, "bob")

    page = client.get("/change").text
    changed = post(client, "/change", password=PASSWORD, **NEW, **answer)

    assert "Also end all API tokens" in page
    assert changed.status_code == 302
    assert working(db, cast) == left


def test_who_may_not_change_the_password_ends_no_token(client: FlaskClient, cast: Cast, db: SQLAlchemy) -> None:
    issue(cast, 2)
    sign_in(client, "bob")

    post(client, "/change", password="not it", **NEW, end_tokens="y")

    assert working(db, cast) == 2


def test_the_pages_of_accounts_say_how_they_may_be_kept(client: FlaskClient, cast: Cast) -> None:
    for path in ("/login", "/register", "/reset"):
        assert set(client.get(path).headers["Cache-Control"].split(", ")) == {"private", "no-store"}


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "http://[",
        "https:evil.example",
        "///evil.example",
    ],
)
def test_a_right_password_with_a_next_that_leads_elsewhere_signs_in(
    client: FlaskClient, cast: Cast, target: str
) -> None:
    form = {"email": "bob@example.org", "password": PASSWORD, "next": target}

    for _ in range(2):
        signed_in = client.post(
            "/login", query_string={"next": target}, data={**form, "csrf_token": token(client, "/login")}
        )
        assert (signed_in.status_code, signed_in.location) == (302, "/")
        post(client, "/logout")


def test_a_next_within_the_site_is_followed(client: FlaskClient, cast: Cast) -> None:
    form = {"email": "bob@example.org", "password": PASSWORD, "csrf_token": token(client, "/login")}

    assert client.post("/login?next=/courses/shell", data=form).location == "/courses/shell"


@pytest.mark.parametrize("path", ["/login", "/verify", "/change", "/register", "/reset", "/confirm"])
def test_forms_of_accounts_take_no_json(client: FlaskClient, cast: Cast, path: str) -> None:
    if path in ("/verify", "/change"):
        sign_in(client, "bob")
    body = {"email": "bob@example.org", "password": PASSWORD, "next": "//evil.example", "end_tokens": "y"}

    response = client.post(path, json=body, headers={"X-CSRFToken": token(client)})

    assert response.status_code == 422
    assert "Send this as a form" in response.text
