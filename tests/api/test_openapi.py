"""The OpenAPI document: whole, and true for whatever a program may send."""

import json
import os
import re
from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance
from werkzeug.test import TestResponse

from blueprints import openapi
from extensions import db as database
from limit_settings import LimitSettings, Rate
from models import Blob, LabSave, User, utcnow
from services.accounts import tokens
from services.accounts.scopes import OF_AREAS
from services.archive import imports as course_imports
from services.courses import cohorts
from services.moving import imports
from services.persons import exports
from services.practice import cards
from services.regrades import asking
from services.regrades.asking import Asked
from tests.api.conftest import API, UNDOCUMENTED, Program, document_of
from tests.certificates.stages import add_certificate
from tests.factories import Cast
from tests.generations.stages import add_generation
from tests.lti.stages import add_platform, connect
from tests.quizzes.test_draws import add_to_bank
from tests.webhooks.stages import add_delivery, add_webhook

pytestmark = pytest.mark.long

METHODS = ("get", "post", "put", "delete")
# How many calls of each operation are made up; `make contract` makes many more.
EXAMPLES = int(os.environ.get("CONTRACT_EXAMPLES", "4"))
PROBLEM = {"type", "title", "status", "detail", "request_id"}


@pytest.fixture
def document(client: FlaskClient) -> dict[str, Any]:
    body: dict[str, Any] = client.get(f"{API}/openapi.json").get_json()
    return body


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Return (method, path, operation) of each."""
    paths = document["paths"].items()
    return [(method, path, found[method]) for path, found in paths for method in METHODS if method in found]


def test_every_reference_leads_somewhere_and_everything_is_referred_to(document: dict[str, Any]) -> None:
    references = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)))

    assert references == set(document["components"]["schemas"])


def test_every_operation_has_a_name_a_key_and_its_errors(document: dict[str, Any]) -> None:
    found = operations(document)

    names = [operation.get("operationId") for _, _, operation in found]
    assert len(found) > 20
    assert None not in names
    assert len(set(names)) == len(names)
    for _method, _path, operation in found:
        [[scheme, needed]] = [[*key.items()][0] for key in operation["security"]]
        assert scheme == "bearerAuth"
        assert (len(needed), set(needed) <= set(OF_AREAS)) == (operation["operationId"] != "read_me", True)
        assert operation["summary"]
        errors = {status: answer for status, answer in operation["responses"].items() if status >= "400"}
        assert set(errors) >= {"401", "403", "421", "429", "500", "503"}
        assert all(set(answer["content"]) == {"application/problem+json"} for answer in errors.values())
        assert {"Problem"} == {
            answer["content"]["application/problem+json"]["schema"]["$ref"].rsplit("/")[-1]
            for answer in errors.values()
        }


def test_every_model_has_the_name_that_the_code_gives_it(document: dict[str, Any]) -> None:
    assert {"QuizOut", "MessageOut", "Problem", "FieldFault"} <= set(document["components"]["schemas"])
    assert all(re.fullmatch("[A-Za-z]+", name) for name in document["components"]["schemas"])


def test_two_models_of_one_name_are_noticed() -> None:
    shapes = {"A.RowOut": {"type": "object"}, "RowOut": {"type": "string"}}

    with pytest.raises(openapi.NameTaken):
        openapi.complete({"tags": [], "paths": {}, "components": {"schemas": shapes}})


def test_a_body_that_is_asked_for_is_required(document: dict[str, Any]) -> None:
    taking = [operation for _, _, operation in operations(document) if "requestBody" in operation]
    required = {operation["operationId"]: operation["requestBody"]["required"] for operation in taking}

    assert len(required) >= 24
    assert {name for name, is_required in required.items() if is_required is not True} == {
        "accept_draft",
        "create_erasure",
        "reset_password",
        "regenerate_draft",
        "start_attempt",
        "undo_regrade",
    }
    assert required["start_attempt"] is required["undo_regrade"] is False


def test_the_document_names_every_route_of_the_api(app: Flask, document: dict[str, Any]) -> None:
    routes = {
        (method.lower(), re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith(API) and rule.endpoint.partition(".")[0] not in ("openapi", "api_docs")
    }

    assert {(method, path) for method, path, _ in operations(document)} == routes


def names_of(cast: Cast, bob: Program, user: User) -> dict[str, str]:
    """Return what exists, to stand in addresses."""
    attempt = bob.post("/courses/shell/quizzes/first-quiz/attempts").get_json()
    session = bob.post("/courses/shell/labs/first-lab/sessions").get_json()
    things = {"slug": "shell", "lesson": "first-words", "quiz": "first-quiz", "lab": "first-lab", "position": "1"}
    things |= {"number": "1", "module": "basics", "path": "none.png", "email": "new@example.org"}
    things["file_id"] = "1"  # no question here takes files
    things["item"] = things["quiz"]
    things["file_format"] = "gift"
    ids: dict[str, object] = {"attempt_id": attempt["id"], "session_id": session["id"], "check_id": cast.check.id}
    save = kept(cast)
    ids["save_id"] = save.id
    ids["step_id"] = cast.check.step_id
    ids["question_id"] = cast.quiz.questions[0].id
    cast.course.offers_practice = True
    practised = add_to_bank(cast.course.id, "practised", "practice", kind="essay")
    shown = {"version": 1, "revision": 0, "response": "It is a pipe."}
    ids["review_id"] = cards.answer(cast.bob.id, cast.course, practised.id, **shown, now=utcnow()).id
    ids["cohort_id"] = cohorts.add(cast.course, "Mornings").id
    drop = Asked("drop", how="full")
    question = cast.quiz.questions[0].id
    ids["regrade_id"] = asking.draft(cast.quiz, question, drop, "Wrong", by_id=cast.alice.id, now=utcnow()).id
    gift = b"::Sums:: 2 + 2? {=4}"
    ids["import_id"] = imports.preview(cast.course, gift, name="a.txt", by_id=cast.alice.id, now=utcnow()).id
    ids["course_import_id"] = course_imports.ask(b"no zip", by_id=cast.alice.id, now=utcnow()).id
    ids["token_id"] = tokens.issue(user.id, name="x", scopes=["read"], days=1, now=utcnow())[0].id
    platform = add_platform()
    ids |= {"platform_id": platform.id, "connection_id": connect(platform, cast.course).id}
    ids["export_id"] = exports.ask(user, now=utcnow()).id
    ids["certificate_id"] = add_certificate(cast.bob, cast.course, save.blob).id
    webhook = add_webhook(cast.course, cast.alice.id)
    ids |= {"webhook_id": webhook.id, "delivery_id": add_delivery(webhook).id}
    ids["generation_id"] = add_generation(cast.alice, cast.course, cast.lesson).id
    database.session.commit()
    return {**things, **{name: str(value) for name, value in {**ids, "user_id": user.id}.items()}}


@pytest.fixture(scope="module")
def cases(bare_app: Flask) -> list[tuple[Any, bool]]:
    """Some of what the document allows for each operation, half of it for addresses where something is.

    They are the same whoever asks, and are made once, for that takes longer than asking.
    """
    found = []
    for result in schemathesis.openapi.from_dict(document_of(bare_app)).get_all_operations():
        found += cases_of(result.ok())
    return found


def cases_of(operation: Any) -> list[tuple[Any, bool]]:
    """Return what is sent for one operation, and whether it goes to where something is."""
    found = []

    @given(case=operation.as_strategy(), is_known=st.booleans())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def note(case: Any, is_known: bool) -> None:
        found.append((case, is_known))

    note()
    return found


# Who asks, and about whom: strangers and a student about somebody outside, staff about people of the course.
ASKERS = [("nobody", "charlie"), ("charlie", "charlie"), ("bob", "charlie"), ("alice", "bob"), ("dana", "bob")]


@pytest.mark.parametrize(("asking", "about"), ASKERS)
def test_whatever_the_document_allows_gets_a_documented_answer(
    cases: list[tuple[Any, bool]],
    cast: Cast,
    bob: Program,
    program: Callable[..., Program],
    monkeypatch: pytest.MonkeyPatch,
    asking: str,
    about: str,
) -> None:
    known = names_of(cast, bob, getattr(cast, about))
    asks = Program(bob.client, "no token", {}) if asking == "nobody" else program(asking)
    # A limit that is reached would answer for what is behind it.
    off = {name: "off" for name, kind in LimitSettings.__annotations__.items() if kind is Rate}
    extensions = bob.client.application.extensions
    monkeypatch.setitem(extensions, "yurt", extensions["yurt"].model_copy(update=off))

    faults: dict[tuple[str, str], str] = {}
    # What is taken out first answers nothing afterwards.
    for case, is_known in sorted(cases, key=lambda case: case[0].method == "DELETE"):
        answer = sent(case, is_known, known, asks)
        for fault in faults_of(case, answer):
            told = f"{case.as_curl_command()}\n{answer.status_code} {answer.text[:500]}"
            faults.setdefault((case.operation.definition.raw["operationId"], fault), told)

    assert len(cases) > 50
    assert not faults, "\n\n".join(f"{' '.join(key)}\n{told}" for key, told in faults.items())


def faults_of(case: Any, answer: TestResponse) -> list[str]:
    """Return what of an answer isn't as the document says."""
    raw = case.operation.definition.raw["responses"]
    if answer.status_code >= 500 and answer.status_code != 503:
        return ["the site failed"]
    if answer.status_code not in {int(status) for status in raw} | UNDOCUMENTED:
        return [f"undocumented status {answer.status_code}"]
    if answer.status_code >= 400:
        is_problem = answer.mimetype == "application/problem+json" and set(answer.get_json()) >= PROBLEM
        return [] if is_problem else ["an error that is no problem"]
    found = []
    try:
        case.validate_response(
            answer, checks=[response_schema_conformance, content_type_conformance], transport_kwargs={}
        )
    except FailureGroup as group:
        found = [f"{type(fault).__name__}: {str(fault)[:300]}" for fault in group.exceptions]
    return found


def sent(case: Any, is_known: bool, known: dict[str, str], program: Program) -> TestResponse:
    """Send a case as somebody's program; return the answer."""
    if is_known:
        case.path_parameters = {name: known[name] for name in case.path_parameters or {}}
    options = case.as_transport_kwargs(base_url="http://localhost")
    path = options["url"].removeprefix("http://localhost")
    body, query = options.get("json"), options.get("params") or None
    # Bytes, and headers such as Idempotency-Key, as the document has them.
    headers = {**{name: str(value) for name, value in (case.headers or {}).items()}, **program.headers}
    sent_as = {"json": body} if options.get("data") is None else {"data": options["data"]}
    return program.client.open(path, method=case.method, headers=headers, query_string=query, **sent_as)


def kept(cast: Cast) -> LabSave:
    """Return a save of bob's."""
    blob = Blob(sha256="5" * 64, size=4, data=b"work")
    values = {"user_id": cast.bob.id, "lab_id": cast.lab.id, "sha256": blob.sha256, "size": 4, "files": 1}
    save = LabSave(reason="user", **values)
    database.session.add_all([blob, save])
    database.session.commit()
    return save
