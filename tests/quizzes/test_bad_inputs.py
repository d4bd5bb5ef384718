"""Thirty bad inputs for every type: answers to the page and the API, questions to the API and in a course's file.

None of them is a fault of the site, and each refusal names the field. What `parse` and `clean` say of them alone is in
test_every_type.py.
"""

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from flask.testing import FlaskClient

from extensions import db
from models import Attempt, Quiz, utcnow
from question_types import TYPES, type_of
from question_types.samples import samples_of
from services.accounts import tokens
from services.archive import ArchiveError, read_source
from services.errors import InvalidInput
from services.quizzes import attempts
from tests.factories import Cast, QuizFactory, add_question
from tests.people import sign_in, token

LONG = "x" * 100_001
# No type takes any of these as an answer: forms that no answer has, and what is too large, too deep, or no text.
NO_ANSWERS: list[Any] = [
    *(True, False, 10**40),
    *(LONG, "\x00", "a\ud800", ["\x00"], [LONG], {"\x00": "a"}, {"a": "\ud800"}),
    *([1], [None], [True], [[]], [{}], [["a"]], [[["a"]]], ["a"] * 501, ["a", 1], [["a", "b"], "c"]),
    *({"a": 1}, {"a": ["b"]}, {"a": {"b": "c"}}, {"zz": "x"}, {"zz": None}, {"x": []}, {"x": {}}, {"x": True}),
    *({"": "a"}, {"a": {"b": {"c": {"d": {"e": "f"}}}}}, {str(number): "x" for number in range(501)}),
]
NO_FIELDS: list[Any] = [
    *(None, "", " ", "\u200b", "\x00", "a\ud800", "é" * 100_001, "1e999", "-", "{", "<b>", "%s", 0, -1, 3.5, 10**40),
    *(True, [], [[]], [None], ["a", "a"], ["x"] * 501, [1, "a"], [{}], {}, {"": ""}, {"a": None}, {"a": {"b": "c"}}),
]
MOST = 90


def questions(kind: str) -> Iterator[dict[str, Any]]:
    """Yield questions with one thing wrong in them, or several."""
    samples = samples_of(kind)
    yield from (dict(bad) for bad, _field in samples.bad_raw)
    raws = (samples.raw, *samples.more)
    yield from ({**raw, "unknown": 1} for raw in raws)
    # Each field in turn, so that none is left out where there are many.
    changed = [[{**raw, field: junk} for junk in NO_FIELDS] for raw in raws for field in raw]
    yield from (bad for together in zip(*changed, strict=True) for bad in together)


@pytest.fixture(params=TYPES)
def kind(request: pytest.FixtureRequest) -> str:
    """The name of a type."""
    return str(request.param)


@pytest.fixture
def attempt(cast: Cast, kind: str) -> Attempt:
    quiz: Quiz = QuizFactory(module=cast.quiz.module, slug="bad", position=9)
    add_question(quiz, kind)
    return attempts.start(cast.bob.id, quiz, now=utcnow())


@pytest.fixture
def bearer(cast: Cast) -> dict[str, dict[str, str]]:
    """Headers of bob's and alice's scripts."""
    made = {}
    for name, user in (("bob", cast.bob), ("alice", cast.alice)):
        _row, plain = tokens.issue(user.id, name="x", scopes=("read", "write"), days=9, now=utcnow())
        made[name] = {"Authorization": f"Bearer {plain}"}
    return made


def refusal(response: Any) -> str:
    """Return the field that a refusal names; empty for what was taken. Nothing else may come."""
    if response.status_code in (200, 201):
        return ""
    assert response.status_code == 422, (response.status_code, response.text[:500])
    assert "errors" in response.get_json(), response.text
    (first, *_others) = response.get_json()["errors"]
    assert first["message"]
    return str(first["field"])


def test_thirty_bad_answers_are_refused_by_page_and_api(
    client: FlaskClient, attempt: Attempt, kind: str, bearer: dict[str, dict[str, str]]
) -> None:
    sign_in(client, "bob")
    path, headers = f"/attempts/{attempt.id}/items/1", {"X-CSRFToken": token(client)}
    sent = [*NO_ANSWERS, *samples_of(kind).bad_responses]

    page = [refusal(client.put(path, json={"response": bad, "revision": 1}, headers=headers)) for bad in sent]
    api = [
        refusal(client.put(f"/api/v1{path}", json={"response": bad, "revision": 1}, headers=bearer["bob"]))
        for bad in sent
    ]

    for fields in (page, api):
        assert len(fields) >= 30
        wrong = [bad for bad, field in zip(sent, fields, strict=True) if field.partition(".")[0] != "response"]
        assert wrong == []
    db.session.refresh(attempt)
    assert [item.response for item in attempt.items] == [None]


def test_thirty_bad_questions_are_refused_by_the_api(
    client: FlaskClient, cast: Cast, kind: str, bearer: dict[str, dict[str, str]]
) -> None:
    refused, known = [], {*type_of(kind).fields}

    for number, bad in enumerate(itertools.islice(questions(kind), MOST)):
        fields = json.loads(json.dumps(bad))  # a name is a text there
        known |= set(fields)
        body = {"slug": f"bad-{number}", "kind": kind, "prompt": "Which?", "fields": fields}
        refused.append(refusal(client.post("/api/v1/courses/shell/bank", json=body, headers=bearer["alice"])))

    named = [field for field in refused if field]
    assert len(named) >= 30
    assert {field.partition(".")[0] for field in named} == {"fields"}
    assert {field.split(".")[1].partition("[")[0] for field in named} <= known


def test_thirty_bad_questions_are_refused_in_a_file(kind: str) -> None:
    refused = []

    for fields in itertools.islice(questions(kind), MOST):
        source = {"slug": "bad", "kind": kind, "prompt": "Which?", **fields}
        try:
            read_source(yaml.safe_dump(source, allow_unicode=True))
        except ArchiveError as error:
            refused.append([(fault.field, fault.line) for fault in error.faults])
        except InvalidInput as error:
            refused.append([(error.field, 1)])

    assert len(refused) >= 30
    assert all(field and line >= 1 for faults in refused for field, line in faults)
