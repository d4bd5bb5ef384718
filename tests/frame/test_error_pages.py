"""Error pages for people: the way out, their own theme, and no reloading of what a form was sent to."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from services.errors import Unavailable
from tests.factories import make_cast
from tests.people import post, sign_in


@pytest.fixture
def busy(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """A site whose profile page is too busy to answer."""

    def refuse() -> None:
        raise Unavailable("Too busy.")

    monkeypatch.setitem(app.view_functions, "auth.profile", refuse)
    return app


def test_a_page_for_people_in_the_course_leads_to_where_one_enrols(client: FlaskClient, db: object) -> None:
    make_cast()
    sign_in(client, "charlie")

    refused = client.get("/courses/shell/lessons/first-words")

    assert refused.status_code == 403
    assert 'href="/courses/shell"' in refused.text


def test_an_error_page_keeps_the_readers_theme(client: FlaskClient, db: object) -> None:
    make_cast().bob.theme = "dark"
    sign_in(client, "bob")

    assert 'data-theme="dark"' in client.get("/no-such-page").text


def test_a_page_that_failed_for_a_moment_loads_itself_again(client: FlaskClient, db: object, busy: Flask) -> None:
    refused = client.get("/account")

    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
    assert 'http-equiv="refresh"' in refused.text


def test_a_form_that_failed_for_a_moment_isnt_turned_into_a_page(client: FlaskClient, db: object, busy: Flask) -> None:
    refused = post(client, "/account")

    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
    assert 'http-equiv="refresh"' not in refused.text


def test_an_error_page_has_the_sites_header_for_its_reader(client: FlaskClient, db: object) -> None:
    make_cast()

    visitors = client.get("/no-such-page").text
    sign_in(client, "bob")
    bobs = client.get("/no-such-page").text

    assert 'href="/login"' in visitors
    assert 'aria-label="Your account"' in bobs
    assert 'action="/logout"' in bobs
    assert 'href="/login"' not in bobs


def test_a_page_of_our_own_mistake_asks_no_engine_who_reads_it(
    client: FlaskClient, app: Flask, db: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_cast()
    sign_in(client, "bob")

    def fail(*_values: object, **_named: object) -> None:
        raise OperationalError("SELECT", {}, Exception("gone"))

    monkeypatch.setattr(app.login_manager, "_user_callback", fail)

    failed = client.get("/account")

    assert failed.status_code == 503
    assert '<header class="top">' in failed.text
    assert 'aria-label="Your account"' not in failed.text
    assert 'href="/login"' not in failed.text


def test_an_error_whose_page_fails_is_told_all_the_same(
    client: FlaskClient, db: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_values: object, **_named: object) -> str:
        raise RuntimeError("no template")

    monkeypatch.setattr("blueprints.errors.render_template", fail)

    failed = client.get("/no-such-page")

    assert failed.status_code == 404
    assert "<h1>Not found</h1>" in failed.text
    assert failed.headers["X-Request-ID"] in failed.text
