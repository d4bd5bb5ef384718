"""What authors wrote, in pages: its language and direction, and the emphasis in titles and choices."""

from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient

from extensions import db as database
from question_types import type_of
from services.quizzes import attempts
from tests.factories import Cast, add_question
from tests.people import sign_in


@pytest.mark.parametrize(
    ("language", "direction"),
    [("en", "ltr"), ("ar", "rtl"), ("he", "rtl"), ("fa-IR", "rtl"), ("de-CH", "ltr"), ("xx", "ltr")],
)
def test_a_course_is_in_its_language(client: FlaskClient, cast: Cast, language: str, direction: str) -> None:
    cast.course.language = language

    shown = client.get("/courses/shell").text

    assert f'<main id="main" lang="{language}" dir="{direction}"' in shown


def test_what_is_no_course_is_in_the_sites_language(client: FlaskClient, cast: Cast) -> None:
    assert '<main id="main" class=' in client.get("/login").text


def test_titles_and_choices_show_their_emphasis(client: FlaskClient, cast: Cast) -> None:
    cast.quiz.title = "About *files* & `ls`"
    choices = [{"text": "*all* of `ls -a`", "is_correct": True}, {"text": "<b>none</b>"}]
    add_question(cast.quiz, "single").current.spec = type_of("single").parse({"choices": choices})
    attempt = attempts.start(cast.bob.id, cast.quiz, now=datetime.now(UTC))
    database.session.flush()
    sign_in(client, "bob")

    front, page = client.get("/courses/shell/quizzes/first-quiz").text, client.get(f"/attempts/{attempt.id}").text

    assert "<h1>About <em>files</em> &amp; <code>ls</code></h1>" in front
    assert "<title>About files &amp; ls" in front
    assert "<em>all</em> of <code>ls -a</code>" in page
    assert "&lt;b&gt;none&lt;/b&gt;" in page
