"""What goes out comes in again as the same question, with the same grades, or is told not to."""

from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from question_types import type_of
from question_types.formula import compute
from question_types.matching import id_of
from services import formats
from services.archive.content import QuestionContent
from services.formats.settling import texts_in
from services.moving.sameness import likeness
from tests.formats.documents import RAW, documents

# What a format has a form for.
KINDS = {
    "gift": ("single", "multiple", "truefalse", "text", "numeric", "matching", "essay", "blanks"),
    "moodle_xml": tuple(RAW),
    "qti21": tuple(kind for kind in RAW if kind != "formula"),
}
# What an export tells that it doesn't carry, and that makes the question another one.
LOSSES = {"scoring", "case", "unit", "answer", "blanks", "text"}
BOUNDED = settings(
    max_examples=20, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


def round_trip(name: str, question: QuestionContent) -> tuple[QuestionContent | None, list[Any], list[Any]]:
    """Return what came in of a question that went out, and what each way told."""
    written = formats.write(name, [question], {})
    if any(finding.is_whole for finding in written.findings):
        return None, written.findings, []
    read_as, reading = formats.read(written.data)
    assert read_as == name
    assert len(reading.found) == 1, (written.data, reading.findings)
    return reading.found[0].content, written.findings, reading.findings


@pytest.mark.parametrize(("name", "kind"), [(name, kind) for name, kinds in KINDS.items() for kind in kinds])
def test_what_goes_out_comes_in_again_and_then_stays_as_it_is(name: str, kind: str) -> None:
    seen = []

    @BOUNDED
    @given(question=documents(kind))
    def check(question: QuestionContent) -> None:
        came, told, _lost = round_trip(name, question)
        seen.append(came is not None)
        if came is None:
            return
        again, _told, _lost = round_trip(name, came)
        assert again is not None
        assert again.spec == came.spec
        assert texts_in(again) == texts_in(came)
        if any(finding.what in LOSSES for finding in told):
            return
        assert came.kind == question.kind
        assert likeness(came, {}).key == likeness(question, {}).key, (question, came)
        assert same_grades(question, came)

    check()

    assert sum(seen) > len(seen) / 4, "nearly nothing went out"


def same_grades(one: QuestionContent, other: QuestionContent) -> bool:
    """Whether answers to both earn the same: those that are right, those that aren't, and parts of them."""
    kind = type_of(one.kind)
    if one.kind in ("essay", "upload"):
        return True
    if one.kind == "formula":
        values = [{"a": str(a), "b": b} for a in (1, 4, 9) for b in ("0.5", "2")]
        return all(abs(compute(one.spec, each) - compute(other.spec, each)) < 1e-9 for each in values)
    rng = Random(1)
    for response in responses(one):
        frozen = kind.freeze(one.spec, rng, False)
        mine = kind.grade(one.spec, kind.clean(one.spec, response), frozen)
        if one.kind == "blanks" and response:
            response = dict(zip(other.spec["blanks"], response.values(), strict=False))
        if mine != kind.grade(other.spec, kind.clean(other.spec, _mapped(one, other, response)), frozen):
            return False
    return True


def _mapped(one: QuestionContent, other: QuestionContent, response: Any) -> Any:
    """Say an answer by the ids that the other one has: those of its texts, which may be written in another way."""
    if one.kind == "ordering":
        kind = type_of("ordering")
        ids = [kind.labels(spec) for spec in (one.spec, other.spec)]
        mine, theirs = ([name.partition(":")[2] for name in each] for each in ids)
        return [theirs[mine.index(each)] for each in response]
    if one.kind == "matching":
        rights = {
            id_of(pair["right"]): id_of(again["right"])
            for pair, again in zip(one.spec["pairs"], other.spec["pairs"], strict=True)
        }
        return {left: rights[right] for left, right in response.items()}
    return response


def responses(question: QuestionContent) -> list[Any]:
    """Return answers of several worths."""
    spec, kind = question.spec, question.kind
    if kind == "single":
        return [choice["id"] for choice in spec["choices"]]
    if kind == "multiple":
        ids = [choice["id"] for choice in spec["choices"]]
        return [ids[:many] for many in range(1, len(ids) + 1)] + [[each] for each in ids]
    if kind == "truefalse":
        return ["true", "false"]
    if kind == "text":
        return [*spec["accept"], *(text.upper() for text in spec["accept"]), "no such answer"]
    if kind == "numeric":
        answer = spec["answer"]
        return [answer, str(float(answer) + 0.3), str(float(answer) + 1), "7777"]
    if kind == "matching":
        ids = [entry.partition(":")[2] for entry in type_of(kind).labels(spec)]
        return [{"1": ids[0]}, {str(at): each for at, each in enumerate(ids, start=1)}, {"1": ids[-1], "2": ids[0]}]
    if kind == "ordering":
        ids = [entry.partition(":")[2] for entry in type_of(kind).labels(spec)]
        return [ids, ids[::-1], ids[1:] + ids[:1]]
    accepted = spec["blanks"]
    return [{name: texts[0] for name, texts in accepted.items()}, dict.fromkeys(accepted, "nothing")]


@given(st.sampled_from(sorted(KINDS)))
@settings(max_examples=3)
def test_the_same_questions_are_the_same_bytes(name: str) -> None:
    question = QuestionContent("q-1", "essay", "Why?", {})

    assert formats.write(name, [question], {}).data == formats.write(name, [question], {}).data
