"""Error pages for people: the way out, their own theme, and no reloading of what a form was sent to."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

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
