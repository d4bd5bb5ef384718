"""A page that stays open while its session goes away: how it learns of that, and what it can no longer do."""

import re
from datetime import UTC, datetime

from flask.testing import FlaskClient

from extensions import db as database
from services.quizzes import attempts
from tests.factories import Cast
from tests.people import post, put_json, sign_in, token


def test_the_session_says_whose_it_is_and_gives_a_token_that_works(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, "bob")

    found = client.get("/session")

    assert found.json["user_id"] == cast.bob.id
    assert found.headers["Cache-Control"] == "no-store"
    assert "Access-Control-Allow-Origin" not in found.headers
    leave = client.post("/courses/shell/leave", headers={"X-CSRFToken": found.json["csrf_token"]})
    assert leave.status_code == 302


def test_somebody_signed_out_gets_no_token_and_no_session(client: FlaskClient, cast: Cast) -> None:
    found = client.get("/session")

    assert (found.json["user_id"], found.json["csrf_token"]) == (None, None)
    assert "Set-Cookie" not in found.headers


def test_the_page_to_sign_in_again_comes_back_after_signing_in(client: FlaskClient, cast: Cast) -> None:
    asked = client.get("/signed-in")

    assert asked.status_code == 302
    assert re.search(r"/login\?next=.*signed-in", asked.headers["Location"])
    sign_in(client, "bob")
    assert "You are Bob here" in client.get("/signed-in").text


def test_whoever_is_somebody_else_signs_out_and_comes_back_to_sign_in(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, "charlie")

    left = post(client, "/logout?next=/signed-in")

    assert left.headers["Location"].endswith("/signed-in")
    assert client.get("/session").json["user_id"] is None


def test_what_a_page_sends_for_one_person_is_not_done_as_another(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, "charlie")
    headers = {"X-CSRFToken": token(client), "X-Yurt-Person": str(cast.bob.id), "Accept": "application/json"}

    refused = client.post("/courses/shell/enrol", data={"code": "yurt-2026"}, headers=headers)

    assert refused.status_code == 401
    headers["X-Yurt-Person"] = str(cast.charlie.id)
    assert client.post("/courses/shell/enrol", data={"code": "yurt-2026"}, headers=headers).status_code == 302


def test_a_stale_token_is_told_apart_from_other_bad_requests(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, "bob")
    stale = token(client)
    attempt = attempts.start(cast.bob.id, cast.quiz, now=datetime.now(UTC))
    database.session.flush()
    address, answer = f"/attempts/{attempt.id}/items/1", {"revision": 1, "response": "a"}
    post(client, "/logout")
    sign_in(client, "bob")

    refused = client.put(address, json=answer, headers={"X-CSRFToken": stale})

    assert (refused.status_code, refused.json["code"]) == (400, "csrf")
    assert put_json(client, address, answer).status_code == 200
