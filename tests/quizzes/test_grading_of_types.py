"""How types grade: partial credit that follows what is right, units, figures, slow patterns, variants."""

import json
import random
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from question_types import TYPES, formula, matching, numeric, ordering, text, units
from services import markdown
from services.errors import InvalidInput

LETTERS = "abcdefgh"


def graded(kind: str, raw: dict[str, Any], response: Any) -> Fraction | None:
    """Grade a response to a question."""
    asked = TYPES[kind]
    spec = json.loads(json.dumps(asked.parse(raw)))
    return asked.grade(spec, asked.clean(spec, response), asked.freeze(spec, random.Random(3), True))


def marks(kind: str, raw: dict[str, Any], response: Any) -> Fraction:
    """Return a share that a machine gave."""
    made = graded(kind, raw, response)
    assert made is not None
    return made


@given(right=st.sets(st.sampled_from(LETTERS), min_size=1, max_size=7), marked=st.sets(st.sampled_from(LETTERS)))
@settings(deadline=None)
def test_one_more_right_mark_never_earns_less_and_a_wrong_one_never_more(right: set[str], marked: set[str]) -> None:
    raw = {"choices": [{"text": letter, "is_correct": letter in right} for letter in LETTERS]}
    earned = marks("multiple", raw, sorted(marked))

    for letter in set(LETTERS) - marked:
        more = marks("multiple", raw, [*marked, letter])
        assert more >= earned if letter in right else more <= earned
    assert marks("multiple", raw, sorted(marked, reverse=True)) == earned
    assert marks("multiple", {**raw, "scoring": "all"}, sorted(marked)) == int(marked == right)


@given(filled=st.dictionaries(st.sampled_from(LETTERS), st.booleans()), order=st.permutations(list(LETTERS)))
@settings(deadline=None)
def test_blanks_and_pairs_earn_their_share_in_whatever_order(filled: dict[str, bool], order: Sequence[str]) -> None:
    share = Fraction(sum(filled.values()), len(LETTERS))
    blanks = {"text": " ".join(f"{{{name}}}" for name in order), "blanks": {name: [f"x{name}"] for name in LETTERS}}
    pairs = {"pairs": [{"left": name, "right": f"x{name}"} for name in order], "extra": ["nothing"]}

    typed = {name: f"x{name}" if is_right else "?" for name, is_right in filled.items()}
    made = {
        str(order.index(name) + 1): matching.id_of(f"x{name}" if is_right else "nothing")
        for name, is_right in filled.items()
    }

    assert marks("blanks", blanks, typed) == share
    assert marks("matching", pairs, made) == share


def longest_common_subsequence(one: Sequence[Any], other: Sequence[Any]) -> int:
    """Return its length, by the table of the textbook."""
    table = [[0] * (len(other) + 1) for _ in range(len(one) + 1)]
    for i, left in enumerate(one):
        for j, right in enumerate(other):
            table[i + 1][j + 1] = table[i][j] + 1 if left == right else max(table[i][j + 1], table[i + 1][j])
    return table[-1][-1]


@given(order=st.permutations(list(LETTERS)), count=st.integers(1, len(LETTERS)))
@settings(deadline=None)
def test_an_order_earns_by_its_longest_common_subsequence(order: Sequence[str], count: int) -> None:
    given_order = list(order)[:count]

    earned = marks("ordering", {"items": list(LETTERS)}, [ordering.id_of(letter) for letter in given_order])

    assert earned == Fraction(longest_common_subsequence(given_order, LETTERS) - 1, len(LETTERS) - 1)


@given(seed=st.integers(), count=st.integers(2, 6))
@settings(deadline=None)
def test_what_is_to_be_ordered_or_matched_is_never_told_by_its_place_or_id(seed: int, count: int) -> None:
    items = list(LETTERS[:count])
    spec = ordering.parse({"items": items})
    shown = [item["text"] for item in ordering.freeze(spec, random.Random(seed), False)["items"]]

    assert sorted(shown) == items
    assert shown != items


@pytest.mark.parametrize(
    ("written", "share"),
    [
        *(("250 m", 1), ("0.25 km", 1), ("0,25km", 1), ("25000 cm", 1), ("2.5e2 m", 1), ("2.5e5mm", 1), ("254 m", 1)),
        *(("256 m", 0), ("250", 0), ("250 s", 0), ("250 m/s", 0), ("m", 0), ("250 metres long", 0), ("250 zork", 0)),
        *(
            ("250 m**9999999", 0),
            ("250 __import__", 0),
            ("250 m\u00b2", 0),
            ("250 meter", 1),
            ("820.2 ft", 1),
            ("-250 m", 0),
        ),
    ],
)
def test_a_unit_is_converted(written: str, share: int) -> None:
    raw = {"answer": 250, "tolerance_percent": 2, "unit": "m", "asks_unit": True}

    assert graded("numeric", raw, written) == share


@pytest.mark.parametrize(
    ("wanted", "written", "is_same"),
    [
        *(
            ("m/s²", "9.81 m/s^2", True),
            ("m/s^2", "9.81 m/s²", True),
            ("N*m", "9.81 J", True),
            ("m/s²", "9.81 m/s", False),
        ),
        *(("°C", "9.81 °C", True), ("%", "9.81 %", True), ("%", "9.81%", True), ("µm", "9.81 μm", True)),
        *(("kg m s^-2", "9.81 N", True), ("Ω", "9.81 ohm", True), ("km/h", "9.81 km/h", True)),
    ],
)
def test_units_may_be_written_in_several_ways(wanted: str, written: str, is_same: bool) -> None:
    assert graded("numeric", {"answer": 9.81, "unit": wanted, "asks_unit": True}, written) == int(is_same)


@given(st.text(max_size=40))
@settings(deadline=None, max_examples=300)
def test_no_text_makes_units_fail(written: str) -> None:
    unit = units.known(written)
    made = None if unit is None else units.converted(Fraction(1), unit, units.known("m"))

    assert made is None or isinstance(made, Fraction)


def test_a_temperature_is_converted_with_its_offset() -> None:
    raw = {"answer": 300, "tolerance": 0.01, "unit": "K", "asks_unit": True}

    assert graded("numeric", raw, "26.85 °C") == 1


@pytest.mark.parametrize(
    ("written", "least", "most"),
    [
        *(("1500", 2, 4), ("1500.", 2, 4), ("1500.0", 5, 5), ("1.50e3", 3, 3), ("0.0120", 3, 3), ("12", 2, 2)),
        *(("0", 1, 1), ("-3.0", 2, 2), ("007", 1, 1), ("x", 0, 0), ("1,50", 3, 3)),
    ],
)
def test_significant_figures_are_counted(written: str, least: int, most: int) -> None:
    assert numeric.figures(written) == (least, most)


@pytest.mark.parametrize(
    ("written", "share"), [("0.0120", 1), ("1.20e-2", 1), ("0.012", 0), ("0.01200", 0), ("0.0121", 0)]
)
def test_an_answer_has_the_figures_that_are_asked_for(written: str, share: int) -> None:
    assert graded("numeric", {"answer": "0.0120", "figures": 3}, written) == share


@pytest.mark.parametrize(("written", "share"), [("98", 1), ("102", 1), ("97.9", 0), ("-100", 0)])
def test_a_tolerance_may_be_relative(written: str, share: int) -> None:
    assert graded("numeric", {"answer": 100, "tolerance_percent": 2}, written) == share


@given(answer=st.integers(-(10**6), 10**6), off=st.integers(0, 1000), tolerance=st.integers(0, 1000))
@settings(deadline=None)
def test_nearer_never_earns_less(answer: int, off: int, tolerance: int) -> None:
    raw = {"answer": answer, "tolerance": tolerance}

    assert marks("numeric", raw, str(answer + off)) == marks("numeric", raw, str(answer - off)) == int(off <= tolerance)


def test_a_pattern_that_takes_too_long_leaves_the_answer_to_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = text.parse({"accept": ["a"], "patterns": ["b+"]})
    slow = {**spec, "patterns": ["(a|aa)+$x"]}  # as one that an import has let through

    assert text.grade(slow, "a" * 400, {}) is None
    assert text.grade(slow, "a", {}) == 1
    monkeypatch.setattr(text, "_fits", lambda *_arguments: (_ for _ in ()).throw(TimeoutError))
    assert text.grade(spec, "bbb", {}) is None


def test_a_pattern_fits_an_answer_as_a_whole_and_as_it_is_read() -> None:
    raw = {"accept": ["chmod +x run"], "patterns": [r"chmod [ugoa]*\+x (\./)?run"]}

    assert graded("text", raw, "CHMOD  u+x ./run\u200b") == 1
    assert graded("text", raw, "sudo chmod u+x run") == 0
    assert graded("text", {**raw, "is_case_sensitive": True}, "CHMOD u+x run") == 0


@given(seed=st.integers())
@settings(deadline=None)
def test_each_attempt_has_numbers_within_their_ranges_and_its_own_answer(seed: int) -> None:
    raw = {
        "parameters": {"a": {"from": 0.5, "to": 2, "step": 0.25}, "n": {"values": [10, 20]}},
        "answer": "a * n",
        "tolerance": 0,
    }
    spec = json.loads(json.dumps(formula.parse(raw)))
    frozen = formula.freeze(spec, random.Random(seed), False)
    a, n = (Fraction(frozen["values"][name]) for name in ("a", "n"))

    assert Fraction(1, 2) <= a <= 2
    assert a % Fraction(1, 4) == 0
    assert formula.grade(spec, str(float(a * n)), frozen) == 1
    assert formula.grade(spec, str(float(a * n) + 1), frozen) == 0
    asked = formula.prompt("<p>{a} times {n}, and {other}</p>", spec, frozen)
    assert asked == f"<p>{frozen['values']['a']} times {n}, and {{other}}</p>"


def test_numbers_stand_in_mathematics_too() -> None:
    spec = formula.parse({"parameters": {"size": {"values": [40]}, "n": {"values": [-2.5]}}, "answer": "size * n"})
    html = markdown.render(r"$`\frac{\{size\} \cdot \{n\}}{\{other\}}`$, of {size}")

    asked = formula.prompt(html, spec, formula.freeze(spec, random.Random(1), False))

    assert "<mn>40</mn><mo>·</mo><mn>-2.5</mn>" in asked
    assert "of 40" in asked
    assert "<mi>o</mi><mi>t</mi>" in asked


def test_variants_differ() -> None:
    spec = formula.parse({"parameters": {"a": {"from": 1, "to": 1000}}, "answer": "a"})

    assert len({formula.freeze(spec, random.Random(seed), False)["values"]["a"] for seed in range(20)}) > 10


@pytest.mark.parametrize(
    ("answer", "value"),
    [("2 ^ 10", 1024), ("7 / 2", 3.5), ("10 % 4", 2), ("-a ^ 2", -9), ("sqrt(16) + max(1, a)", 7), ("1e3 * a", 3000)],
)
def test_a_formula_is_arithmetic(answer: str, value: float) -> None:
    spec = formula.parse({"parameters": {"a": {"values": [3]}}, "answer": answer})

    assert formula.compute(spec, {"a": "3"}) == Fraction(value)


def test_what_a_formula_cannot_compute_is_told_with_the_numbers() -> None:
    with pytest.raises(InvalidInput, match=r"can't be computed for a = 0"):
        formula.parse({"parameters": {"a": {"from": -1, "to": 1}}, "answer": "1 / a"})
