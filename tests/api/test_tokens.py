"""Who may speak to the API: bearer tokens, their scopes and their end."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from cli.tokens import token_group
from extensions import db as database
from models import ApiToken, utcnow
from services.accounts import tokens
from tests.api.conftest import API, Program, problem
from tests.factories import Cast
from tests.people import sign_in


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer nonsense",
        "Bearer yurt_nonsense",
        "Basic Ym9iOmJvYg==",
        "Bearer yurt_\xff",
    ],
)
def test_without_a_token_that_works_nobody_gets_in(client: FlaskClient, cast: Cast, header: str | None) -> None:
    response = client.get(f"{API}/me", headers={} if header is None else {"Authorization": header})

    problem(response, 401)
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_says_whose_it_is_and_what_it_may(program: Callable[..., Program], cast: Cast) -> None:
    response = program("alice", "read").get("/me")

    body = response.get_json()
    assert (body["email"], body["scopes"], body["is_admin"]) == ("alice@example.org", ["read"], False)


def test_a_token_that_may_only_read_changes_nothing(program: Callable[..., Program], cast: Cast) -> None:
    response = program("bob", "read").post("/courses/shell/lessons/first-words/completion")

    assert "write" in problem(response, 403)["detail"]


@pytest.mark.parametrize("end", ["expired", "revoked", "account closed"])
def test_a_token_ends(bob: Program, cast: Cast, end: str) -> None:
    row = database.session.scalars(select(ApiToken)).one()
    assert bob.get("/me").status_code == 200

    if end == "expired":
        row.expires_at = utcnow() - timedelta(seconds=1)
    elif end == "revoked":
        tokens.revoke(row.id, user_id=cast.bob.id, now=utcnow())
    else:
        cast.bob.active = False

    problem(bob.get("/me"), 401)


def test_a_token_is_kept_as_a_hash_only(app: Flask, bob: Program) -> None:
    plain = bob.headers["Authorization"].removeprefix("Bearer ")
    bob.get("/me")

    row = database.session.scalars(select(ApiToken)).one()
    kept = {column.name: str(getattr(row, column.key)) for column in ApiToken.__table__.columns}
    assert plain not in str(kept)
    assert all(plain.encode() not in key for key in app.extensions["yurt_redis"].keys("*"))


def test_the_command_line_makes_a_token_that_works(
    app: Flask, client: FlaskClient, cast: Cast, documented: dict[str, Any]
) -> None:
    result = app.test_cli_runner().invoke(token_group, ["create", "alice@example.org", "--scope", "read"])

    plain = result.stdout.strip()
    assert (result.exit_code, plain.startswith("yurt_")) == (0, True)
    assert Program(client, plain, documented).get("/me").get_json()["scopes"] == ["read"]


def test_the_command_line_says_whom_it_does_not_know(app: Flask, cast: Cast) -> None:
    result = app.test_cli_runner().invoke(token_group, ["create", "nobody@example.org"])

    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")


def test_a_signed_in_browser_is_nobody_here_and_a_program_needs_no_form_token(
    client: FlaskClient, cast: Cast, bob: Program
) -> None:
    sign_in(client, "bob")

    problem(client.get(f"{API}/me"), 401)
    assert bob.post("/courses/shell/lessons/first-words/completion").status_code == 200


def test_pages_of_other_sites_may_not_read_answers(client: FlaskClient, bob: Program) -> None:
    response = client.get(f"{API}/me", headers={**bob.headers, "Origin": "https://elsewhere.example"})

    assert "Access-Control-Allow-Origin" not in response.headers
