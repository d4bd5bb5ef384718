"""GIFT: its grammar as the documentation of Moodle has it."""

import pytest

from tests.formats.reads import read


@pytest.mark.parametrize(
    ("text", "kind", "spec"),
    [
        ("Q {=a ~b}", "single", {"a": True, "b": False}),
        ("Q {~%50%a ~%50%b ~%-50%c ~%-50%d}", "multiple", {"a": True, "b": True, "c": False, "d": False}),
        (
            "Q {~%33.33333%a ~%33.33333%b ~%33.33333%c ~%-33.33333%d}",
            "multiple",
            {**dict.fromkeys("abc", True), "d": False},
        ),
    ],
)
def test_choices_are_read_with_what_they_earn(text: str, kind: str, spec: dict[str, bool]) -> None:
    found = read(text)

    assert found.only.kind == kind
    assert {choice["text"]: choice["is_correct"] for choice in found.only.spec["choices"]} == spec
    assert found.lost == []


@pytest.mark.parametrize(
    ("inside", "kind", "spec"),
    [
        ("T", "truefalse", {"is_true": True}),
        ("FALSE#no#yes", "truefalse", {"is_true": False, "feedback_true": "no", "feedback_false": "yes"}),
        ("=four =4", "text", {"accept": ["four", "4"], "is_case_sensitive": False}),
        ("four", "text", {"accept": ["four"], "is_case_sensitive": False}),
        ("=ls*", "text", {"accept": ["ls"], "is_case_sensitive": False, "patterns": ["ls.*"]}),
        ("#3.14:0.01", "numeric", {"answer": "3.14", "tolerance": "0.01", "unit": ""}),
        ("#3..4", "numeric", {"answer": "3.5", "tolerance": "0.5", "unit": ""}),
        ("#=1822:2", "numeric", {"answer": "1822", "tolerance": "2", "unit": ""}),
        ("", "essay", {}),
        (
            "=a -> 1 =b -> 2 = -> 3",
            "matching",
            {"pairs": [{"left": "a", "right": "1"}, {"left": "b", "right": "2"}], "extra": ["3"]},
        ),
    ],
)
def test_each_form_of_answers_is_a_kind(inside: str, kind: str, spec: dict[str, object]) -> None:
    found = read(f"::Name:: Text? {{{inside}}}")

    assert (found.only.kind, found.only.spec, found.only.prompt, found.only.slug) == (kind, spec, "Text?", "name")


def test_escapes_and_lines_are_read() -> None:
    found = read("::a\\:b:: What is \\{x\\} \\~ \\= \\# here?\\n\\nThen?{=\\=1 ~\\~2 ~C\\:\\\\temp}")

    assert found.only.prompt == "What is {x} ~ = # here?\n\nThen?"
    assert [choice["text"] for choice in found.only.spec["choices"]] == ["=1", "~2", "C:\\temp"]


def test_prefixes_say_what_a_text_is() -> None:
    found = read(
        "[html]<p>Is <b>this</b> <i>it</i>?</p>{=[markdown]*a* ~[plain]*b* ~[html]<code>c</code> ~[moodle]1 < 2}"
    )

    assert found.only.prompt == "Is **this** *it*?"
    assert [choice["text"] for choice in found.only.spec["choices"]] == ["*a*", "\\*b\\*", "`c`", "1 < 2"]


def test_feedback_is_for_a_choice_or_for_everybody() -> None:
    found = read("Q {=a#well done ~b#not quite\n####Because.}")

    assert [choice["feedback"] for choice in found.only.spec["choices"]] == ["well done", "not quite"]
    assert found.only.feedback == "Because."


def test_categories_and_tags_hold_for_what_follows() -> None:
    found = read(
        "$CATEGORY: $course$/top/Biology\\: basics/Cells\n\n// [id:cell-1] [tag:easy one] [tag:x]\n::A:: Q {T}\n\n"
        "$CATEGORY: Default for Course\n\n::B:: R {F}\n"
    )

    assert found.questions["A"].tags == ("biology-basics", "cells", "easy-one", "x")
    assert found.questions["A"].slug == "cell-1"
    assert found.questions["B"].tags == ()


def test_a_missing_word_is_a_blank() -> None:
    found = read("::Grant::Grant is buried in {=New York =NYC} in a tomb.")

    assert found.only.kind == "blanks"
    assert found.only.prompt == "Grant"
    assert found.only.spec == {"text": "Grant is buried in {1} in a tomb.", "blanks": {"1": ["New York", "NYC"]}}


def test_a_choice_in_the_text_leaves_a_gap() -> None:
    assert read("The sky is {=blue ~green} today.").only.prompt == "The sky is \\_\\_\\_\\_\\_ today."


def test_partial_credit_that_has_no_place_is_told() -> None:
    found = read("Q {=right ~%50%half ~wrong}")

    assert found.only.kind == "single"
    assert found.lost == [("Q", "credit", "move_changed", {"value": "half: 50 %", "now": "0 %"})]


def test_one_question_that_cannot_be_read_hides_no_other() -> None:
    found = read("::A:: Q {=a ~b}\n\n::B:: broken {nothing =a}\n\n::C:: only words\n\n::D:: R {T}\n\n::E:: open {=a")

    assert list(found.questions) == ["A", "D"]
    assert [(name, code) for name, _what, code, _params in found.lost] == [
        ("B", "move_unreadable"),
        ("C", "move_kind_unknown"),
        ("E", "move_unreadable"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_any_encoding_is_read(encoding: str) -> None:
    found = read("::Größe:: Wie groß ist “x”? {=über ~ärger}\r\n".encode(encoding))

    assert found.only.prompt == "Wie groß ist “x”?"
    assert found.only.slug == "grosse"
