"""The question kinds are pure: what authors write, what students send, what it earns."""

import random

import pytest

from services.errors import InvalidInput
from services.questions import KINDS, kind_of
from tests.factories import RAW, RIGHT


@pytest.mark.parametrize("kind", KINDS)
def test_the_right_answer_earns_everything(kind: str) -> None:
    spec = kind_of(kind).parse(RAW[kind])

    response = kind_of(kind).clean(spec, RIGHT[kind])

    assert kind_of(kind).grade(spec, response) == 1.0


@pytest.mark.parametrize("kind", KINDS)
def test_no_answer_earns_nothing(kind: str) -> None:
    spec = kind_of(kind).parse(RAW[kind])

    assert kind_of(kind).grade(spec, kind_of(kind).clean(spec, None)) == 0.0


@pytest.mark.parametrize("kind", KINDS)
def test_what_an_attempt_shows_never_holds_the_solution(kind: str) -> None:
    spec = kind_of(kind).parse(RAW[kind])

    shown = str(kind_of(kind).freeze(spec, random.Random(1)))

    assert "is_correct" not in shown
    assert "feedback" not in shown
    assert "3.14" not in shown
    assert "ls -a" not in shown


@pytest.mark.parametrize(
    ("kind", "raw", "field"),
    [
        ("single", {}, "choices"),
        ("single", {"choices": [{"text": "a"}, {"text": "b"}]}, "choices"),
        ("single", {"choices": [{"text": "a", "is_correct": True}, {"text": 3}]}, "choices[2].text"),
        ("single", {"choices": [{"text": "a", "is_correct": "yes"}, {"text": "b"}]}, "choices[1].is_correct"),
        ("multiple", {"choices": [{"text": "a"}, {"text": "b"}]}, "choices"),
        ("multiple", {"choices": [{"text": "a", "is_corect": True}, {"text": "b"}]}, "choices[1].is_corect"),
        ("numeric", {}, "answer"),
        ("numeric", {"answer": float("nan")}, "answer"),
        ("numeric", {"answer": 1, "tolerance": -1}, "tolerance"),
        ("numeric", {"answer": True}, "answer"),
        ("text", {"accept": []}, "accept"),
        ("text", {"accept": [3]}, "accept[1]"),
        ("text", {"accept": ["a"], "is_case_sensitive": 1}, "is_case_sensitive"),
        ("text", {"accept": ["a"], "answers": ["b"]}, "answers"),
    ],
)
def test_an_authors_fault_is_named(kind: str, raw: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        kind_of(kind).parse(raw)

    assert caught.value.field == field


@pytest.mark.parametrize(
    ("kind", "response"),
    [("single", "z"), ("single", ["a"]), ("multiple", "a"), ("multiple", ["a", "z"]), ("multiple", [{}])]
    + [("numeric", True), ("numeric", "9" * 41), ("numeric", {}), ("text", 3), ("text", "x" * 501), ("text", "\x00")],
)
def test_a_response_of_the_wrong_shape_is_refused(kind: str, response: object) -> None:
    spec = kind_of(kind).parse(RAW[kind])

    with pytest.raises(InvalidInput) as caught:
        kind_of(kind).clean(spec, response)

    assert caught.value.field == "response"


@pytest.mark.parametrize(
    ("written", "share"),
    [("3.14", 1), ("3,14", 1), ("3.15", 1), ("3.1501", 0), ("3.13", 1), (" 3.14 ", 1)]
    + [("-", 0), ("inf", 0), ("1e999", 0)],
)
def test_a_number_is_right_within_its_tolerance(written: str, share: float) -> None:
    spec = kind_of("numeric").parse(RAW["numeric"])

    assert kind_of("numeric").grade(spec, kind_of("numeric").clean(spec, written)) == share


def test_marking_everything_earns_less_than_marking_what_is_right() -> None:
    spec = kind_of("multiple").parse(RAW["multiple"])

    assert kind_of("multiple").grade(spec, ["a", "b", "c"]) == 0.5
    assert kind_of("multiple").grade(spec, ["a"]) == 0.5
    assert kind_of("multiple").grade(spec, ["c"]) == 0.0


@pytest.mark.parametrize(("written", "share"), [("LS  -a", 1), ("ls --all", 1), ("ls", 0)])
def test_text_is_compared_without_case_and_spacing(written: str, share: float) -> None:
    spec = kind_of("text").parse(RAW["text"])

    assert kind_of("text").grade(spec, written) == share


def test_an_author_may_ask_for_the_exact_case() -> None:
    spec = kind_of("text").parse({"accept": ["PATH"], "is_case_sensitive": True})

    assert kind_of("text").grade(spec, "path") == 0.0
