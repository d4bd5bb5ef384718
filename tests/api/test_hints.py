"""Hints by the API: taken, told of, and written in the bank."""

import json

import pytest

from extensions import db
from models import Attempt
from services.quizzes import attempts
from tests.api.conftest import Program
from tests.factories import Cast
from tests.quizzes.test_hints import NOW, add_hints


@pytest.fixture
def attempt(cast: Cast) -> Attempt:
    """Bob's open attempt at a quiz whose first question has three hints."""
    add_hints(cast.quiz)
    return attempts.start(cast.bob.id, cast.quiz, now=NOW)


def test_the_api_takes_hints_and_tells_of_them(attempt: Attempt, bob: Program, alice: Program) -> None:
    db.session.commit()
    address = f"/attempts/{attempt.id}/items/1/hints"
    assert bob.post(f"{address}/2").status_code == 409

    taken = bob.post(f"{address}/1").get_json()

    assert (taken["left"], taken["next_cost"], taken["lost"]) == (2, 0.2, 0)
    assert bob.post(f"{address}/9").status_code == 404
    assert alice.post(f"{address}/2").status_code == 404
    seen = alice.get(f"/attempts/{attempt.id}").get_json()["items"]
    assert [hint["html"] for hint in seen[0]["hints"]["taken"]] == ["<p>Think 1 times</p>"]
    assert "Think 2" not in json.dumps(seen)


def test_hints_are_written_in_the_bank(cast: Cast, alice: Program) -> None:
    fields = {"kind": "text", "prompt": "Which?", "fields": {"accept": ["this"]}, "slug": "with-hints"}
    said = [{"text": "Look *up*."}, {"text": "It is near.", "price": "25 %"}, {"text": "This.", "price": 0.5}]

    made = alice.post("/courses/shell/bank", json={**fields, "hints": said}).get_json()

    assert [hint["price"] for hint in made["hints"]] == ["0", "25%", "0.5"]
    assert made["hints"][0]["html"] == "<p>Look <em>up</em>.</p>\n"
    for bad in ("ten", -1, "200%", True, 0.001):
        wrong = {**fields, "slug": "bad", "hints": [{"text": "x", "price": bad}]}
        assert alice.post("/courses/shell/bank", json=wrong).status_code == 422, bad
    assert alice.post("/courses/shell/bank", json={**fields, "hints": [{"text": ""}]}).status_code == 422
    assert alice.post("/courses/shell/bank", json={**fields, "hints": [said[0]] * 11}).status_code == 422
