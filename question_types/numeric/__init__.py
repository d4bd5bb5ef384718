"""Numeric: a number, right within a tolerance, however it is written; with a unit, and to so many figures, if asked."""

import re
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from random import Random
from typing import Any

from pydantic import Field

from question_types import evaluating, numbers, raw, typed, units
from question_types.asked import Asked, Computed
from question_types.base import NOTHING, WHOLE, Frozen, QuestionType, Spec
from reasons import N_
from services.errors import InvalidInput

MAX_LENGTH = 60
MAX_FIGURES = 15
# A number, and behind it what may be a unit: 9.81 m/s^2, 20%, 3e8 m/s.
_WITH_UNIT = re.compile(r"\s*(.*?[\d.,])\s*((?:[^\W\d_]|[%°µΩ/]).*)?", re.DOTALL)
_EXPONENT = re.compile(r"[eE][+\-\u2212]?\d")


class AskedNumeric(Asked):
    """A number, and the arithmetic that makes it."""

    answer: str = Field(description="The number, with a decimal point where it needs one.")
    tolerance_percent: str = Field(description="How far an answer may be off, in per cent: 0 for whole numbers.")
    unit: str = Field(description="The unit, or an empty text.")
    working: str = Field(
        description="An expression in numbers, + - * / ^ ( ) and sqrt, sin, log and the like, that makes the answer."
    )

    def fields(self) -> dict[str, Any]:
        """Return them without the working."""
        return self.model_dump(exclude={"working"})

    def computed(self) -> Computed | None:
        """Compute the working; it agrees where it would earn the marks."""
        made = evaluating.number(self.working, {})
        spec = parse(self.fields())
        if made is None:
            return Computed(self.answer, None, agrees=False)
        allowed = abs(Fraction(spec["answer"])) * Fraction(spec["tolerance_percent"]) / 100
        # A whole answer may be written with all its figures, any other one is rounded.
        rounding = Fraction(1, 10**9) * abs(made)
        agrees = abs(made - Fraction(spec["answer"])) <= allowed + rounding
        return Computed(self.answer, evaluating.said(made), agrees)


def parse(written: dict[str, Any]) -> Spec:
    """Read answer, its tolerance (absolute, or in per cent), figures, unit and asks_unit."""
    raw.only(written, "answer", "tolerance", "tolerance_percent", "figures", "unit", "asks_unit")
    answer = _author_number("answer", written.get("answer"))
    spec: Spec = {"answer": str(answer), **_tolerance(written), "unit": raw.text(written, "unit", "")}
    if "figures" in written:
        spec["figures"] = raw.whole(written, "figures", 1, MAX_FIGURES)
        if _rounded(answer, spec["figures"]) != answer:
            raise InvalidInput("figures", "are fewer than the answer has")
    if raw.flag(written, "asks_unit"):
        if units.known(spec["unit"]) is None:
            raise InvalidInput("unit", "must be a unit such as m, km/h or N*m, because asks_unit is set")
        spec["asks_unit"] = True
    return spec


def _tolerance(written: dict[str, Any]) -> dict[str, str]:
    if "tolerance" in written and "tolerance_percent" in written:
        raise InvalidInput("tolerance_percent", "stands beside tolerance; give one of them")
    name = "tolerance_percent" if "tolerance_percent" in written else "tolerance"
    tolerance = _author_number(name, written.get(name, 0))
    if tolerance < 0:
        raise InvalidInput(name, "must not be below zero")
    return {name: str(tolerance)}


def freeze(spec: Spec, rng: Random, is_shuffled: bool) -> Frozen:
    """Show the unit, unless it is asked for, and how many figures there should be."""
    shown = {"unit": "" if spec.get("asks_unit") else spec["unit"], "asks_unit": spec.get("asks_unit", False)}
    return {**shown, **({"figures": spec["figures"]} if "figures" in spec else {})}


def clean(spec: Spec, response: Any) -> str | None:
    """Accept a number as typed (3.14, 3,14, 1e3); the text is kept as the student wrote it."""
    if isinstance(response, (int, float)) and not isinstance(response, bool):
        response = str(response)
    # A half-typed "-" is saved too: what the student sees is what is kept, and it grades as wrong.
    written = typed.text(response, MAX_LENGTH)
    return None if written is None else written.strip()


def grade(spec: Spec, response: Any, frozen: Frozen) -> Fraction:
    """Give everything within the tolerance."""
    number = None if response is None else _value(spec, response)
    if number is None or not _has_figures(spec, response):
        return NOTHING
    answer = Fraction(spec["answer"])
    if "tolerance_percent" in spec:
        allowed = abs(answer) * Fraction(spec["tolerance_percent"]) / 100
    else:
        allowed = Fraction(spec.get("tolerance", 0))
    return WHOLE if abs(number - answer) <= allowed else NOTHING


def _value(spec: Spec, response: str) -> Fraction | None:
    """Return the number in the author's unit; None for what is no number, or of another kind of unit."""
    if not spec.get("asks_unit"):
        number = numbers.read(response)
        return None if number is None else Fraction(number)
    written, unit = split(response)
    number, its_unit, wanted = numbers.read(written), units.known(unit), units.known(spec["unit"])
    if number is None or its_unit is None or wanted is None:
        return None
    return units.converted(Fraction(number), its_unit, wanted)


def split(response: str) -> tuple[str, str]:
    """Part a number from the unit behind it."""
    plain = response.strip()
    found = _WITH_UNIT.fullmatch(plain)
    if found is None:
        return plain, ""
    rest = found[2] or ""
    exponent = re.match(r"[eE][+\-\u2212]?\d+", rest)
    if exponent:
        return found[1] + exponent[0], rest[exponent.end() :].strip()
    return found[1], rest


def _has_figures(spec: Spec, response: str) -> bool:
    """Say whether it is written with the figures that are asked for. Zeros at the end of a whole number may be some."""
    if "figures" not in spec:
        return True
    least, most = figures(split(response)[0] if spec.get("asks_unit") else response)
    return least <= int(spec["figures"]) <= most


def figures(written: str) -> tuple[int, int]:
    """Return how many significant figures a number is written with, at least and at most: 1500 has 2 to 4."""
    number = numbers.read(written)
    if number is None:
        return 0, 0
    digits = [str(digit) for digit in number.as_tuple().digits]
    has_point = int(number.as_tuple().exponent) < 0 or bool(_EXPONENT.search(written))
    most = len("".join(digits).lstrip("0")) or 1
    return (most, most) if has_point else (len("".join(digits).strip("0")) or 1, most)


def _rounded(number: Decimal, count: int) -> Decimal:
    return Context(prec=count, rounding=ROUND_HALF_UP).plus(number)


def reading(spec: Spec, response: Any) -> str | None:
    """Say which number is graded, with its unit; an empty text for what isn't one."""
    if response is None:
        return None
    written, unit = split(response) if spec.get("asks_unit") else (response, "")
    number = numbers.read(written)
    if number is None or (spec.get("asks_unit") and units.known(unit) is None):
        return ""
    return f"{numbers.say(number)} {unit}".strip()


def explain(spec: Spec, response: Any, frozen: Frozen) -> dict[str, Any]:
    """Name the answer with its tolerance and unit."""
    tolerance = spec.get("tolerance", "0")
    about = f" ± {tolerance}" if Decimal(tolerance) else ""
    if Decimal(spec.get("tolerance_percent", "0")):
        about = f" ± {spec['tolerance_percent']} %"
    return {"solution": f"{spec['answer']}{about} {spec['unit']}".strip(), "notes": {}}


def _author_number(field: str, value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise InvalidInput(field, "must be a number")
    if numbers.is_ambiguous(str(value)):
        raise InvalidInput(field, f"is ambiguous: write {_both(str(value))}")
    number = numbers.read(str(value))
    if number is None:
        raise InvalidInput(field, "must be a number")
    return number


def _both(written: str) -> str:
    return f"{written.strip().replace(',', '')}, or {written.strip().replace(',', '.')} with a decimal point"


def same(spec: Spec, one: Any, other: Any) -> bool:
    """Whether two answers are the same number, however they are written."""
    return buckets(spec, one) == buckets(spec, other)


def buckets(spec: Spec, response: Any) -> list[str]:
    """Group answers by their number, however it is written; what is no number stands for itself."""
    return [] if response is None else [reading(spec, response) or str(response)]


TYPE = QuestionType(
    title=N_("A number"),
    parse=parse,
    clean=clean,
    grade=grade,
    explain=explain,
    asked=AskedNumeric,
    fields=("answer", "tolerance", "tolerance_percent", "figures", "unit", "asks_unit"),
    freeze=freeze,
    reading=reading,
    same=same,
    buckets=buckets,
)
