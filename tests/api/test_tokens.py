"""Who may speak to the API: bearer tokens, their scopes and their end."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from blueprints.bearer import scope
from cli.tokens import token_group
from extensions import db as database
from models import ApiToken, utcnow
from services.accounts import tokens
from tests.api.conftest import API, Program, problem
from tests.factories import Cast, CourseFactory
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


def test_the_command_line_binds_a_token_to_a_course_and_a_scope(
    app: Flask, client: FlaskClient, cast: Cast, documented: dict[str, Any]
) -> None:
    wanted = ["alice@example.org", "--scope", "people:read", "--course", "shell", "--days", "3"]
    made = app.test_cli_runner().invoke(token_group, ["create", *wanted])
    narrow = Program(client, made.stdout.strip(), documented)

    assert narrow.get("/courses/shell/enrolments").status_code == 200
    assert "people:write" in problem(narrow.put("/courses/shell/enrolments/1", {"role": "student"}), 403)["detail"]
    me = narrow.get("/me").get_json()
    assert (me["scopes"], me["course"]) == (["people:read"], "shell")
    listed = app.test_cli_runner().invoke(token_group, ["list", "alice@example.org"]).stdout
    assert "people:read" in listed
    assert "shell" in listed
    assert "used 20" in listed


def test_the_command_line_says_which_course_it_does_not_know(app: Flask, cast: Cast) -> None:
    result = app.test_cli_runner().invoke(token_group, ["create", "alice@example.org", "--course", "no-such"])

    assert (result.exit_code, result.stdout, result.stderr) == (1, "", "Error: There is no course no-such.\n")


def test_a_bound_token_sees_its_course_alone_in_lists(
    program: Callable[..., Program], bob: Program, cast: Cast
) -> None:
    CourseFactory(slug="other")
    bob.post("/courses/shell/labs/first-lab/sessions")
    narrow = program("bob")
    row = database.session.scalars(select(ApiToken).order_by(ApiToken.id.desc())).first()
    row.course_id = CourseFactory(slug="third").id
    database.session.commit()

    listed = [course["slug"] for course in narrow.get("/courses").get_json()["courses"]]

    assert listed == ["third"]
    assert narrow.get("/lab-sessions").get_json()["sessions"] == []
    assert len(bob.get("/lab-sessions").get_json()["sessions"]) == 1


def test_a_program_lists_its_persons_tokens_and_ends_one(bob: Program, cast: Cast) -> None:
    [found] = bob.get("/tokens").get_json()["tokens"]

    assert bob.delete(f"/tokens/{found['id']}").status_code == 204
    problem(bob.get("/me"), 401)
    assert found["last_used_at"]


def test_a_scope_that_is_of_no_area_stops_the_start() -> None:
    with pytest.raises(ValueError, match="bank:read"):
        scope("read")


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
