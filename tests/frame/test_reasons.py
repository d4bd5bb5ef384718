"""Reasons: codes with declared parameters, stored as JSON, and words made of them."""

import ast
import re
from pathlib import Path
from typing import Any

import flask_babel
import pytest
from flask import Flask
from flask_babel import Domain
from pydantic import TypeAdapter, ValidationError

from cli import messages
from config import ROOT
from question_types import TYPES
from question_types.samples import samples_of
from reasons import ENGLISH, Catalogue, Code, Reason, Undeclared, sentence, text
from reasons.parts import TERMS, Counted, Nested, Several, Term
from reasons.words import capitalised
from services.errors import InvalidInput
from services.quizzes import unreadable
from services.quizzes.settings import Changeable
from tests.catalogues import bracketed

FULL = Reason(Code.NODES_FULL, resource="memory", count=2, total=3)
SAMPLES: dict[type, Any] = {
    int: 2,
    float: 0.5,
    str: "n1",
    Term: "memory",
    Nested: FULL,
    Several: [FULL, Reason(Code.CLUSTER_DOWN)],
    dict: {"weeks": 3},
}


def sample(code: Code) -> Reason:
    return Reason(code, **{name: SAMPLES[kind] for name, kind in code.params.items()})


def forms(code: Code) -> list[str]:
    return [code.words.one, code.words.many] if isinstance(code.words, Counted) else [code.words]


@pytest.mark.parametrize("code", Code)
def test_words_of_a_code_use_the_parameters_that_it_declares(code: Code) -> None:
    for words in forms(code):
        used = set(re.findall(r"%\((\w+)\)s", words))
        # What this version has no words for has nothing to show.
        assert code is Code.UNKNOWN or used == set(code.params)
        assert words.replace("%%", "").count("%") == len(re.findall(r"%\(\w+\)s", words))
    assert text(sample(code), ENGLISH)


@pytest.mark.parametrize("code", Code)
def test_a_reason_is_the_same_once_it_was_stored(code: Code) -> None:
    stored = sample(code).as_json()

    again = Reason.from_json(stored)

    assert again == sample(code) or code is Code.UNKNOWN
    assert again.as_json() == stored


def test_what_is_shown_is_collected_for_translators() -> None:
    found = messages.collect(ROOT)

    own = [words for code in Code for words in forms(code)[:1] if re.sub(r"%\(\w+\)s", "", words).strip(": ")]
    assert [words for words in [*own, *TERMS.values()] if words not in found] == []
    assert ("It took longer than %(limit_s)s second and was stopped.") in found


@pytest.mark.parametrize(
    ("code", "params"),
    [
        (Code.CLUSTER_DOWN, {"node": "n1"}),
        (Code.MACHINE_AWAY, {}),
        (Code.MACHINE_AWAY, {"node": 1}),
        (Code.NO_NODE_TAKES_IT, {"total": "1"}),
        (Code.NO_NODE_TAKES_IT, {"total": True}),
        (Code.MACHINE_NOT_STARTED, {"why": "it didn't"}),
        (Code.SEVERAL, {"reasons": ["one"]}),
        ("cluster_down", {}),
        ("the cluster doesn't answer", {}),
    ],
)
def test_what_a_code_does_not_declare_is_refused(code: Any, params: dict[str, Any]) -> None:
    with pytest.raises(Undeclared):
        Reason(code, **params)


@pytest.mark.parametrize(
    "stored",
    [
        {"code": "of_a_release_to_come", "params": {"weeks": 3}},
        {"code": "cluster_down", "params": {"since": "noon"}},
        {"code": "machine_away", "params": {"node": None}},
        {"code": "several", "params": {"reasons": "?"}},
    ],
)
def test_what_a_later_release_stored_is_said_in_general_and_kept(stored: dict[str, Any]) -> None:
    found = Reason.from_json(stored)

    assert found.as_json() == stored
    assert sentence(found, ENGLISH) == "This version of the site has no words for the reason."


def test_what_a_program_said_is_short_and_without_control_characters() -> None:
    found = Reason.said("a\x1b[31mb\x00c\nd" + "e" * 900)

    assert found.params["said"].startswith("a\N{REPLACEMENT CHARACTER}[31mb\N{REPLACEMENT CHARACTER}c\nd")
    assert len(found.params["said"]) == 500


def test_words_are_clauses_and_sentences() -> None:
    both = Reason.all_of([FULL, Reason(Code.CLUSTER_DOWN)])

    assert text(None, ENGLISH) == sentence(None, ENGLISH) == ""
    assert text(both, ENGLISH) == "memory: 2 of 3 nodes full; the cluster doesn't answer"
    assert capitalised(both, ENGLISH) == "Memory: 2 of 3 nodes full; the cluster doesn't answer"
    assert sentence(Reason(Code.CLUSTER_DOWN), ENGLISH) == "The cluster doesn't answer."
    assert sentence(Reason(Code.HOME_NOT_PACKED), ENGLISH) == "The machine couldn't pack the home."
    assert text(Reason(Code.CHECK_TOO_SLOW, limit_s=1), ENGLISH) == "It took longer than 1 second and was stopped."
    assert text(Reason(Code.CHECK_TOO_SLOW, limit_s=9), ENGLISH) == "It took longer than 9 seconds and was stopped."
    assert Reason.all_of([FULL]) == FULL


def test_what_is_no_term_of_ours_is_shown_as_it_is() -> None:
    found = Reason(Code.NODES_FULL, resource="network: bandwidth exceeded", count=1, total=1)

    assert text(found, ENGLISH) == "network: bandwidth exceeded: 1 of 1 nodes full"


@pytest.fixture
def translated(tmp_path: Path) -> Path:
    """English of another kind: each text stands in angle brackets."""
    return bracketed(tmp_path, "en")


@pytest.mark.parametrize("code", Code)
def test_every_word_of_a_reason_passes_the_catalogue(code: Code, translated: Path, app: Flask, monkeypatch) -> None:
    monkeypatch.setattr(app.extensions["babel"].instance, "domain_instance", Domain([str(translated)]))

    with app.test_request_context():
        on_a_page = text(sample(code), flask_babel)
    elsewhere = text(sample(code), Catalogue(folder=translated))

    assert on_a_page == elsewhere
    assert elsewhere.startswith("<") and elsewhere.endswith(">")


def test_a_term_passes_the_catalogue_too(translated: Path) -> None:
    assert text(FULL, Catalogue(folder=translated)) == "<<memory>: 2 of 3 nodes full>"


@pytest.mark.parametrize("package", ["quizzes", "regrades", "gradebook", "bank"])
def test_values_that_these_services_refuse_are_refused_by_a_code(package: str) -> None:
    written = []
    for path in sorted((ROOT / "services" / package).glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            is_refusal = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "InvalidInput"
            if is_refusal and isinstance(node.args[1], ast.Constant | ast.JoinedStr):  # type: ignore[attr-defined]
                written.append(f"{path.name}:{node.lineno}")  # type: ignore[attr-defined]

    assert written == []


def test_answers_that_types_refuse_are_refused_by_a_code() -> None:
    written = []
    for path in sorted((ROOT / "question_types").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "InvalidInput":
                field, why = node.args
                is_of_answer = isinstance(field, ast.Constant) and field.value == "response"
                if is_of_answer and isinstance(why, ast.Constant | ast.JoinedStr):
                    written.append(f"{path.parent.name}/{path.name}:{node.lineno}")

    assert written == []


@pytest.mark.parametrize("kind", TYPES)
def test_bad_answers_to_every_type_are_refused_by_a_code(kind: str) -> None:
    samples = samples_of(kind)
    spec = TYPES[kind].parse(dict(samples.raw))

    for response in samples.bad_responses:
        with pytest.raises(InvalidInput) as refused:
            TYPES[kind].clean(spec, response)
        assert refused.value.reason is not None, response


def test_what_pydantic_finds_in_a_setting_is_a_code() -> None:
    read = TypeAdapter(Changeable)
    whole = {"time_limit_s": None, "attempts_allowed": None, "counts": "best", "points": 1, "pass_percent": 1}
    bad = {
        "opens_at": ("soon", Code.MOMENT_UNREADABLE),
        "due_at": ("1999-01-01T00:00:00Z", Code.YEAR_OUTSIDE),
        "points": (-1, Code.NUMBER_TOO_LOW),
        "pass_percent": (101, Code.NUMBER_TOO_HIGH),
        "attempts_allowed": ("5", Code.WHOLE_NUMBER),
        "counts": ("worst", Code.ONE_OF),
        "password": (" x", Code.LINE_WANTED),
        "late_answers": (None, Code.ONE_OF),
        "requires": ([{"lesson": "A B"}], Code.SLUG_UNREADABLE),
        "late_credit": ([{"hours": 1, "percent": 1, "from": 1}], Code.FIELD_UNKNOWN),
        "time_limit_s": (604_801, Code.NUMBER_TOO_HIGH),
    }

    with pytest.raises(ValidationError) as refused:
        read.validate_python({**whole, **{name: value for name, (value, _code) in bad.items()}})

    found = {fault["loc"][0]: unreadable.reason_of(fault).code for fault in refused.value.errors()}
    assert found == {name: code for name, (_value, code) in bad.items()}
