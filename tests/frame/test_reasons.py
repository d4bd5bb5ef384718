"""Reasons: codes with declared parameters, stored as JSON, and words made of them."""

import ast
import re
from pathlib import Path
from typing import Any

import flask_babel
import pytest
from flask import Flask
from flask_babel import Domain

from cli import messages
from config import ROOT
from reasons import ENGLISH, Catalogue, Code, Reason, Undeclared, sentence, text
from reasons.parts import TERMS, Counted, Nested, Several, Term
from reasons.words import capitalised
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
