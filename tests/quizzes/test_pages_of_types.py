"""Every type on the site's own pages: asked, saved, handed in with scripts and without, and shown with its result."""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from extensions import db
from models import Attempt, Quiz
from question_types import FOLDER, TYPES
from question_types.samples import samples_of
from tests.factories import RIGHT, Cast, QuizFactory, add_question
from tests.people import post, put_json, sign_in

PATH = "/courses/shell/quizzes/every-type"


@pytest.fixture
def quiz(cast: Cast) -> Quiz:
    """A quiz with a question of every type."""
    made: Quiz = QuizFactory(module=cast.quiz.module, slug="every-type", position=9)
    for kind in TYPES:
        add_question(made, kind)
    db.session.flush()
    return made


@pytest.fixture
def attempt(cast: Cast, quiz: Quiz, client: FlaskClient) -> Attempt:
    """Bob's open attempt."""
    sign_in(client, "bob")
    post(client, f"{PATH}/attempts")
    return db.session.scalars(select(Attempt).where(Attempt.user_id == cast.bob.id, Attempt.quiz_id == quiz.id)).one()


def of_form(name: str, response: Any) -> dict[str, Any]:
    """Return what a form without scripts sends for a response."""
    if isinstance(response, dict):
        return {f"{name}.{part}": value for part, value in response.items()}
    return {name: response}


def earned(attempt: Attempt) -> dict[str, Any]:
    """Return the marks of each question."""
    db.session.expire_all()
    return {item.version.kind: item.score for item in attempt.items}


def worth(kind: str) -> tuple[str, int | None]:
    """Return what the right answer is worth, or that nobody could give it here."""
    samples = samples_of(kind)
    return kind, 0 if not samples.is_typed else None if samples.is_graded_later else 1


def test_every_type_is_asked_saved_and_shown(client: FlaskClient, attempt: Attempt) -> None:
    page = client.get(f"/attempts/{attempt.id}")
    assert page.status_code == 200
    for kind in TYPES:
        for file in ("item.js", "item.css"):
            assert (f"/question-types/{kind}/{file}?v=" in page.text) == (FOLDER / kind / file).exists()

    for item in attempt.items:
        path = f"/attempts/{attempt.id}/items/{item.position}"
        answer = {"response": RIGHT[item.version.kind], "revision": 1}
        is_sent = samples_of(item.version.kind).is_typed
        assert put_json(client, path, answer).status_code == (200 if is_sent else 422), item.version.kind
        junk = put_json(client, path, {"response": {"x": {"y": ["z"]}}, "revision": 2})
        assert junk.status_code == 422, item.version.kind
        assert json.loads(junk.text)["errors"][0]["field"] == "response"
    assert client.get(f"/attempts/{attempt.id}").status_code == 200
    post(client, f"/attempts/{attempt.id}/submit")

    assert client.get(f"/attempts/{attempt.id}/result").status_code == 200
    assert earned(attempt) == dict(map(worth, TYPES))


def test_every_type_is_answered_without_scripts(client: FlaskClient, attempt: Attempt) -> None:
    form: dict[str, Any] = {}
    for item in attempt.items:
        if not samples_of(item.version.kind).is_typed:
            continue
        response = RIGHT[item.version.kind]
        if item.version.kind == "ordering":
            response = {name: str(place) for place, name in enumerate(response, start=1)}
        form |= of_form(f"item-{item.position}", response)

    post(client, f"/attempts/{attempt.id}/submit", **form)

    assert earned(attempt) == dict(map(worth, TYPES))


def test_an_empty_form_is_no_answer(client: FlaskClient, attempt: Attempt) -> None:
    form: dict[str, Any] = {}
    for item in attempt.items:
        if item.version.kind != "multiple" and samples_of(item.version.kind).is_typed:  # no box is sent
            response = RIGHT[item.version.kind]
            form |= of_form(f"item-{item.position}", dict.fromkeys(response, "") if isinstance(response, dict) else "")

    post(client, f"/attempts/{attempt.id}/submit", **form)

    assert set(earned(attempt).values()) == {0}


def test_a_result_without_answers_can_be_shown(client: FlaskClient, attempt: Attempt, quiz: Quiz) -> None:
    quiz.reveal_answer = quiz.reveal_correctness = quiz.reveal_feedback = "never"
    for item in attempt.items:
        answer = {"response": samples_of(item.version.kind).wrong, "revision": 1}
        put_json(client, f"/attempts/{attempt.id}/items/{item.position}", answer)
    post(client, f"/attempts/{attempt.id}/submit")

    page = client.get(f"/attempts/{attempt.id}/result")

    assert page.status_code == 200
    assert "choice-right" not in page.text


def test_the_answers_to_every_type_can_be_analysed(client: FlaskClient, cast: Cast, attempt: Attempt) -> None:
    for item in attempt.items:
        samples = samples_of(item.version.kind)
        if not samples.is_graded_later:  # nobody has graded those yet
            answer = {"response": samples.wrong, "revision": 1}
            put_json(client, f"/attempts/{attempt.id}/items/{item.position}", answer)
    post(client, f"/attempts/{attempt.id}/submit")
    post(client, "/logout")
    sign_in(client, "alice")

    page = client.get(f"{PATH}/analysis")

    assert page.status_code == 200
    assert "ls: changes the folder" in page.text
    assert "1. third" in page.text
