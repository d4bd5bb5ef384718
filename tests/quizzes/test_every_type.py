"""What every type of question promises, tried on the samples that stand in its folder."""

import json
import math
import random
import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from config import ROOT
from question_types import TYPES, QuestionType
from question_types.base import MAX_PARTS
from question_types.samples import Samples, samples_of
from services.archive.written import in_order
from services.errors import InvalidInput

# What an author or a student may send by mistake, or not by mistake.
JUNK: list[Any] = [
    *(None, "", " ", "\u200b", "x", "\x00", "a\ud800", "é" * 100_001, "1e999", "-", "{", "🐫", "<b>", "$x$", "%s"),
    *(0, -1, 1, 3.5, 2**63, 10**40, math.nan, math.inf, True, False),
    *([], [[]], [None], ["a", "a"], ["x"] * 501, [1, "a"], [{}], [["a", "b"]]),
    *({}, {"": ""}, {"a": None}, {"a": "b"}, {"a": ["b"]}, {"a": {"b": "c"}}, {"x": 1}, {"\x00": "a"}),
]
answers = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=10) | st.sampled_from(["a", "b", "c", "1", "2"]),
    lambda inside: (
        st.lists(inside, max_size=4) | st.dictionaries(st.sampled_from(["a", "b", "1", "x"]), inside, max_size=4)
    ),
    max_leaves=6,
)


@pytest.fixture(params=TYPES)
def name(request: pytest.FixtureRequest) -> str:
    """The name of a type."""
    return str(request.param)


@pytest.fixture
def asked(name: str) -> QuestionType:
    """The type."""
    return TYPES[name]


@pytest.fixture
def samples(name: str) -> Samples:
    """Its samples."""
    return samples_of(name)


def questions(asked: QuestionType, samples: Samples) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield each sample as what is stored of it, as JSON gives it back, and as an attempt shows it."""
    for raw in (samples.raw, *samples.more):
        spec = json.loads(json.dumps(asked.parse(dict(raw))))
        yield spec, json.loads(json.dumps(asked.freeze(spec, random.Random(7), True)))


def share(asked: QuestionType, spec: dict[str, Any], frozen: dict[str, Any], response: Any) -> Fraction | None:
    """Return what a response earns, cleaned and kept as an attempt does it."""
    return asked.grade(spec, json.loads(json.dumps(asked.clean(spec, response))), frozen)


def test_the_right_answer_earns_everything(asked: QuestionType, samples: Samples) -> None:
    spec, frozen = next(questions(asked, samples))

    assert share(asked, spec, frozen, samples.right) == (None if samples.is_graded_later else 1)


def test_a_wrong_answer_earns_nothing_and_a_partly_right_one_its_part(asked: QuestionType, samples: Samples) -> None:
    spec, frozen = next(questions(asked, samples))

    assert share(asked, spec, frozen, samples.wrong) == (None if samples.is_graded_later else 0)
    for response, earned in samples.partly:
        assert share(asked, spec, frozen, response) == earned, response


def test_no_answer_earns_nothing(asked: QuestionType, samples: Samples) -> None:
    for spec, frozen in questions(asked, samples):
        assert asked.clean(spec, None) is None
        assert asked.grade(spec, None, frozen) == 0
        assert asked.buckets(spec, None) == []


def test_an_attempt_never_shows_the_solution(asked: QuestionType, samples: Samples) -> None:
    spec, frozen = next(questions(asked, samples))

    shown = json.dumps([frozen, asked.show(spec, frozen)], ensure_ascii=False)

    for secret in samples.secrets:
        assert secret in json.dumps(spec, ensure_ascii=False) or secret in ("is_correct", "feedback")
        assert secret not in shown


def test_a_result_says_what_was_right(asked: QuestionType, samples: Samples) -> None:
    for spec, frozen in questions(asked, samples):
        explained = asked.explain(spec, None, frozen)

        assert isinstance(explained["solution"], str)
        assert isinstance(explained["notes"], dict)


def test_an_authors_fault_is_named(asked: QuestionType, samples: Samples) -> None:
    for raw, field in samples.bad_raw:
        with pytest.raises(InvalidInput) as caught:
            asked.parse(dict(raw))
        assert caught.value.field == field, raw
        assert caught.value.message


def test_thirty_bad_questions_are_refused_by_a_field_of_the_type(asked: QuestionType, samples: Samples) -> None:
    refused = 0
    known = {*asked.fields, "unknown", "0"}
    for raw in (samples.raw, *samples.more):
        changed = [{**raw, field: junk} for field in raw for junk in JUNK]
        for bad in [*changed, {}, {**raw, "unknown": 1}, {**raw, 0: 1}]:
            try:
                asked.parse(bad)  # type: ignore[arg-type]  # that is what is tried
            except InvalidInput as error:
                refused += 1
                assert error.field.split("[")[0].split(".")[0] in known, (bad, error.field)

    assert refused >= 30


def test_bad_answers_are_refused(asked: QuestionType, samples: Samples) -> None:
    spec, _frozen = next(questions(asked, samples))

    for bad in samples.bad_responses:
        with pytest.raises(InvalidInput) as caught:
            asked.clean(spec, bad)
        assert caught.value.field == "response", bad


def test_whatever_is_sent_is_refused_or_graded(asked: QuestionType, samples: Samples) -> None:
    for spec, frozen in questions(asked, samples):
        for junk in [*JUNK, *samples.bad_responses]:
            try:
                cleaned = asked.clean(spec, junk)
            except InvalidInput as error:
                assert error.field == "response", junk
            else:
                check_graded(asked, spec, frozen, cleaned)


def check_graded(asked: QuestionType, spec: dict[str, Any], frozen: dict[str, Any], cleaned: Any) -> None:
    """Look at what may be done with an answer that was taken."""
    kept = json.loads(json.dumps(cleaned, allow_nan=False))
    earned = asked.grade(spec, kept, frozen)
    assert earned is None or (0 <= earned <= 1 and earned.denominator <= MAX_PARTS), (cleaned, earned)
    assert asked.clean(spec, kept) == cleaned, "what was kept is an answer"
    assert all(isinstance(bucket, str) for bucket in asked.buckets(spec, kept))
    assert isinstance(asked.in_words(spec, kept), str)
    assert isinstance(asked.reading(spec, kept), str | None)
    asked.explain(spec, kept, frozen)


@pytest.mark.parametrize("each", TYPES)
@settings(deadline=None, max_examples=60)
@given(sent=answers)
def test_any_answer_is_refused_or_earns_a_share(each: str, sent: Any) -> None:
    asked = TYPES[each]
    spec, frozen = next(questions(asked, samples_of(each)))

    try:
        cleaned = asked.clean(spec, sent)
    except InvalidInput:
        return
    check_graded(asked, spec, frozen, cleaned)


def test_a_question_that_was_exported_is_the_same(asked: QuestionType, samples: Samples) -> None:
    for spec, _frozen in questions(asked, samples):
        written = yaml.safe_dump(in_order(asked.export(spec), asked.fields), sort_keys=False, allow_unicode=True)

        assert asked.parse(yaml.safe_load(written)) == spec


def test_every_field_is_in_a_sample_and_in_the_authors_page(name: str, asked: QuestionType, samples: Samples) -> None:
    written = json.dumps([dict(raw) for raw in (samples.raw, *samples.more)])
    page = (ROOT / "question_types" / name / "about.md").read_text()

    assert page.startswith(f"# {name}\n")
    assert f"kind: {name}\n" in page
    for field in asked.fields:
        assert f'"{field}"' in written, f"question_types/{name}/samples.py has no question with {field}"
        assert f"`{field}`" in page, f"question_types/{name}/about.md doesn't explain {field}"


def test_the_example_of_the_authors_page_is_a_question(name: str, asked: QuestionType) -> None:
    page = (ROOT / "question_types" / name / "about.md").read_text()
    raw = yaml.safe_load(page.partition("```yaml\n")[2].partition("```")[0])

    assert raw.pop("kind") == name
    raw.pop("prompt", None)  # every type has one
    asked.parse(raw)


def test_the_groups_of_answers_have_words(asked: QuestionType, samples: Samples) -> None:
    for spec, _frozen in questions(asked, samples):
        assert all(isinstance(text, str) and text for text in asked.labels(spec).values())
        assert len(asked.labels(spec)) <= MAX_PARTS
    spec, _frozen = next(questions(asked, samples))
    for response in (samples.right, samples.wrong, *(response for response, _share in samples.partly)):
        buckets = asked.buckets(spec, asked.clean(spec, response))
        unnamed = [bucket for bucket in buckets if bucket not in asked.labels(spec)]
        assert buckets, response
        assert not any(re.search(r"\b[0-9a-f]{8}\b", bucket) for bucket in unnamed), "an id isn't what people read"
