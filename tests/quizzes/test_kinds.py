"""What single types promise: numbers and texts as people write them, choices that cost what they earn."""

from decimal import Decimal

import pytest

from question_types import type_of
from services.errors import InvalidInput
from tests.factories import RAW


@pytest.mark.parametrize(
    ("written", "share"),
    [("3.14", 1), ("3,14", 1), ("3.15", 1), ("3.1501", 0), ("3.13", 1), (" 3.14 ", 1)]
    + [("-", 0), ("inf", 0), ("1e999", 0)],
)
def test_a_number_is_right_within_its_tolerance(written: str, share: float) -> None:
    spec = type_of("numeric").parse(RAW["numeric"])

    assert type_of("numeric").grade(spec, type_of("numeric").clean(spec, written), {}) == share


def test_marking_everything_earns_less_than_marking_what_is_right() -> None:
    spec = type_of("multiple").parse(RAW["multiple"])

    assert type_of("multiple").grade(spec, ["a", "b", "c"], {}) == 0.5
    assert type_of("multiple").grade(spec, ["a"], {}) == 0.5
    assert type_of("multiple").grade(spec, ["c"], {}) == 0.0


@pytest.mark.parametrize(("written", "share"), [("LS  -a", 1), ("ls --all", 1), ("ls", 0)])
def test_text_is_compared_without_case_and_spacing(written: str, share: float) -> None:
    spec = type_of("text").parse(RAW["text"])

    assert type_of("text").grade(spec, written, {}) == share


def test_an_author_may_ask_for_the_exact_case() -> None:
    spec = type_of("text").parse({"accept": ["PATH"], "is_case_sensitive": True})

    assert type_of("text").grade(spec, "path", {}) == 0.0


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1,000", "1"),
        ("1.000", "1"),
        ("3,14", "3.14"),
        ("1,000,000", "1000000"),
        ("1.234,5", "1234.5"),
        ("1,234.5", "1234.5"),
        ("1\u00a0000", "1000"),
        ("1\u202f000,5", "1000.5"),
        ("1_000", "1000"),
        ("１２．５", "12.5"),
        ("٣٫٥", "3.5"),
        ("\u22123", "-3"),
        ("1e\u22123", "0.001"),
        ("1\u200b000", "1000"),
        ("\ufeff1000\u202c", "1000"),
        ("12345678901234567890123456789012345678", "12345678901234567890123456789012345678e0"),
        ("10²", ""),
        ("1 00", ""),
        ("1,2,3", ""),
        ("-", ""),
    ],
)
def test_a_number_is_graded_as_it_is_said_to_be_read(written: str, read: str) -> None:
    kind = type_of("numeric")
    said = kind.reading({}, written)

    assert said is not None
    if read.endswith("e0"):  # too long to be said in plain digits, and yet whole
        assert Decimal(said) == Decimal(written)
    else:
        assert said == read
    if said:
        spec = kind.parse({"answer": said})
        assert kind.grade(spec, kind.clean(spec, written), {}) == 1


@pytest.mark.parametrize("answer", ["1,000", "-12,345", "１,000", "1\u200b,000"])
def test_an_author_s_ambiguous_number_is_refused(answer: str) -> None:
    with pytest.raises(InvalidInput, match="ambiguous"):
        type_of("numeric").parse({"answer": answer})


@pytest.mark.parametrize("answer", ["3,14", "0,125", "1,000,000", "1000", 1000, 0.5])
def test_an_author_s_plain_number_is_taken(answer: object) -> None:
    assert type_of("numeric").parse({"answer": answer})["answer"]


@pytest.mark.parametrize(
    ("accepted", "written"),
    [
        ("don't", "don’t"),
        ('"hi"', "“hi”"),
        ('"hi"', "«hi»"),
        ("--help", "—help"),
        ("--help", "–help"),
        ("a - b", "a — b"),
        ("well-known", "well\u2011known"),
        ("/etc/passwd", "/etc/\u200bpasswd"),
        ("/etc/passwd", "\ufeff/etc/passwd\u202c"),
        ("ls", "l\u00ads\u2800"),
        ("don’t", "don't"),
    ],
)
def test_what_phones_and_office_programs_write_is_understood(accepted: str, written: str) -> None:
    kind = type_of("text")
    spec = kind.parse({"accept": [accepted]})

    assert kind.grade(spec, kind.clean(spec, written), {}) == 1


def test_joiners_stay_where_they_mean_something() -> None:
    spec = type_of("text").parse({"accept": ["می\u200cخواهم"]})

    assert type_of("text").grade(spec, "می\u200cخواهم", {}) == 1
    assert type_of("text").grade(spec, "میخواهم", {}) == 0


def test_typography_counts_where_the_author_says_so() -> None:
    spec = type_of("text").parse({"accept": ["don’t"], "exact": True})

    assert type_of("text").grade(spec, "don’t\u200b", {}) == 1
    assert type_of("text").grade(spec, "don't", {}) == 0


@pytest.mark.parametrize("kind", ["numeric", "text"])
def test_what_cannot_be_seen_is_no_answer(kind: str) -> None:
    assert type_of(kind).clean(type_of(kind).parse(RAW[kind]), "\u200b \u3164\u2800") is None


def test_thirds_add_up_to_a_whole() -> None:
    choices = [{"text": str(number), "is_correct": number < 3} for number in range(6)]
    spec = type_of("multiple").parse({"choices": choices})

    assert 3 * type_of("multiple").grade(spec, ["a"], {}) == 1
