"""A form whose session went away waits for its person, and for nobody else."""

import re
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select

from models import User, utcnow
from services.quizzes import attempts
from tests.factories import PASSWORD, Cast
from tests.people import post, sign_in, token

OURS = {"Origin": "http://127.0.0.1:2026"}


@pytest.fixture
def bob(client: FlaskClient, cast: Cast, app: Flask) -> FlaskClient:
    OURS["Origin"] = app.extensions["yurt"].public_url
    sign_in(client, "bob")
    return client


def fields(page: str) -> dict[str, Any]:
    """Read the form that goes on, as a browser sends it."""
    form = page[page.index('<form class="sheet card"') :]
    return {
        name: unescape(value)
        for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form.split("</form>")[0])
    }


def stale(client: FlaskClient, path: str, person: Any = "", **form: Any) -> Any:
    """Send a form of a page that was opened in a session that is gone."""
    return client.post(path, data={**form, "csrf_token": "stale", "form_person": person}, headers=OURS)


def name_of_bob(db: SQLAlchemy) -> str:
    return db.session.scalars(select(User.display_name).where(User.email == "bob@example.org")).one()


def test_what_was_filled_in_is_kept_over_signing_in_again(bob: FlaskClient, cast: Cast, db: SQLAlchemy) -> None:
    person = cast.bob.id
    post(bob, "/logout")

    refused = stale(bob, "/account", person, display_name="Bob “the” <b>", time_zone="UTC", theme="dark")
    assert (refused.status_code, refused.location) == (303, "/login?next=/go-on")
    form = {"email": "bob@example.org", "password": PASSWORD, "csrf_token": token(bob, "/login")}
    signed_in = bob.post(refused.location, data=form, headers=OURS)
    page = bob.get(signed_in.location).text
    assert "Bob “the” &lt;b&gt;" in page
    sent = bob.post("/account", data=fields(page), headers=OURS)

    assert sent.status_code == 302
    assert name_of_bob(db) == "Bob “the” <b>"
    assert bob.get("/go-on").location == "/"


def test_who_is_signed_in_again_already_sends_it_at_once(bob: FlaskClient, cast: Cast) -> None:
    refused = stale(bob, "/courses/shell/leave", cast.bob.id)
    page = bob.get(refused.location).text

    assert refused.location == "/go-on"
    assert bob.post("/courses/shell/leave", data=fields(page), headers=OURS).location == "/"


def test_nobody_sees_or_sends_what_another_person_filled_in(bob: FlaskClient, cast: Cast) -> None:
    person = cast.bob.id
    post(bob, "/logout")
    stale(bob, "/account", person, display_name="A secret name", time_zone="UTC", theme="dark")
    sign_in(bob, "alice")

    page = bob.get("/go-on").text

    assert "A secret name" not in page
    assert "Somebody else is signed in" in page


def test_passwords_are_typed_again_and_never_kept(bob: FlaskClient, cast: Cast, app: Flask) -> None:
    post(bob, "/logout")
    refused = stale(bob, "/login", email="bob@example.org", password=PASSWORD)
    page = bob.get(refused.location).text
    redis = app.extensions["yurt_redis"]
    kept = b"".join(redis.get(key) for key in redis.scan_iter("yurt:form:*"))

    signed_in = bob.post("/login", data={**fields(page), "password": PASSWORD}, headers=OURS)

    assert b"bob@example.org" in kept and PASSWORD.encode() not in kept
    assert 'type="password"' in page
    assert (signed_in.status_code, signed_in.location) == (302, "/")


@pytest.mark.parametrize("headers", [{}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_forms_of_other_sites_are_refused_and_not_kept(
    bob: FlaskClient, cast: Cast, app: Flask, headers: dict[str, str]
) -> None:
    refused = bob.post("/account", data={"display_name": "Mallory", "csrf_token": "forged"}, headers=headers)

    assert refused.status_code == 400
    assert list(app.extensions["yurt_redis"].scan_iter("yurt:form:*")) == []


def test_signing_out_where_nobody_is_signed_in_is_done_already(bob: FlaskClient, cast: Cast) -> None:
    person = cast.bob.id
    post(bob, "/logout")

    assert stale(bob, "/logout", person).location == "/"


def test_a_visitor_s_click_goes_on_after_signing_in(client: FlaskClient, cast: Cast, app: Flask) -> None:
    headers = {"Origin": app.extensions["yurt"].public_url}
    cast.course.enrolment, cast.course.enrol_code = "code", "secret"

    asked = client.post("/courses/shell/enrol", data={"code": "secret", "csrf_token": token(client)}, headers=headers)
    sign_in(client, "charlie")
    page = client.get("/go-on").text

    assert asked.location == "/login?next=/go-on"
    assert client.post("/courses/shell/enrol", data=fields(page), headers=headers).location == "/courses/shell"


def test_what_is_too_large_or_no_form_is_refused_as_before(bob: FlaskClient, cast: Cast) -> None:
    assert stale(bob, "/account", display_name="x" * 70_000).status_code == 400
    sent = bob.post("/account", json={"display_name": "Bob"}, headers={**OURS, "X-CSRFToken": "stale"})

    assert (sent.status_code, sent.json["code"]) == (400, "csrf")


def test_a_kept_answer_is_shown_by_its_text_and_to_nobody_else(bob: FlaskClient, cast: Cast, db: SQLAlchemy) -> None:
    attempt = attempts.start(cast.bob.id, cast.quiz, now=utcnow())
    single = next(item for item in attempt.items if item.version.kind == "single")
    form = {f"item-{single.position}": single.frozen["choices"][0]["id"]}

    page = bob.get(stale(bob, f"/attempts/{attempt.id}/submit", cast.bob.id, **form).location).text
    post(bob, "/logout")
    sign_in(bob, "alice")
    stale(bob, f"/attempts/{attempt.id}/submit", cast.bob.id, **form)
    others = bob.get("/go-on").text

    assert f"<dd>{single.frozen['choices'][0]['text']}</dd>" in page
    assert "Somebody else is signed in" in others
    assert single.frozen["choices"][0]["text"] not in others


def test_a_kept_order_to_all_labs_names_the_lab_by_its_title(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, "alice")
    cast.lab.title = "Tidy *the* desk"
    OURS["Origin"] = client.application.extensions["yurt"].public_url

    refused = stale(client, "/courses/shell/labs-board/extend", cast.alice.id, lab="first-lab", minutes="30")
    page = client.get(refused.location).text

    assert "<dd>Tidy the desk</dd>" in page
    assert "<dd>30</dd>" in page
