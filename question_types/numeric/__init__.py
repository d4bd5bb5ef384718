"""Numeric: a number, right within a tolerance, however it is written."""

from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

from question_types import numbers, raw, typed
from question_types.base import NOTHING, WHOLE, Frozen, QuestionType, Spec
from services.errors import InvalidInput

MAX_LENGTH = 40


def parse(written: dict[str, Any]) -> Spec:
    """Read answer, tolerance (absolute, default 0) and unit (shown behind the field)."""
    raw.only(written, "answer", "tolerance", "unit")
    answer = _author_number("answer", written.get("answer"))
    tolerance = _author_number("tolerance", written.get("tolerance", 0))
    if tolerance < 0:
        raise InvalidInput("tolerance", "must not be below zero")
    return {"answer": str(answer), "tolerance": str(tolerance), "unit": raw.text(written, "unit", "")}


def freeze(spec: Spec, rng: Random, is_shuffled: bool) -> Frozen:
    """Show the unit only."""
    return {"unit": spec["unit"]}


def clean(spec: Spec, response: Any) -> str | None:
    """Accept a number as typed (3.14, 3,14, 1e3); the text is kept as the student wrote it."""
    if response is None:
        return None
    if isinstance(response, bool) or not isinstance(response, (str, int, float)):
        raise InvalidInput("response", "must be a number")
    # A half-typed "-" is saved too: what the student sees is what is kept, and it grades as wrong.
    return typed.text(str(response).strip(), MAX_LENGTH)


def grade(spec: Spec, response: Any, frozen: Frozen) -> Fraction:
    """Give everything within the tolerance."""
    number = numbers.read(response) if response is not None else None
    if number is None:
        return NOTHING
    return WHOLE if abs(Fraction(number) - Fraction(spec["answer"])) <= Fraction(spec["tolerance"]) else NOTHING


def reading(spec: Spec, response: Any) -> str | None:
    """Say which number is graded; an empty text for what isn't one."""
    if response is None:
        return None
    number = numbers.read(response)
    return "" if number is None else numbers.say(number)


def explain(spec: Spec, response: Any, frozen: Frozen) -> dict[str, Any]:
    """Name the answer with its tolerance and unit."""
    tolerance = f" ± {spec['tolerance']}" if Decimal(spec["tolerance"]) else ""
    return {"solution": f"{spec['answer']}{tolerance} {spec['unit']}".strip(), "notes": {}}


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


def buckets(spec: Spec, response: Any) -> list[str]:
    """Group answers by their number, however it is written; what is no number stands for itself."""
    return [] if response is None else [reading(spec, response) or str(response)]


TYPE = QuestionType(
    parse=parse,
    clean=clean,
    grade=grade,
    explain=explain,
    fields=("answer", "tolerance", "unit"),
    freeze=freeze,
    reading=reading,
    buckets=buckets,
)
