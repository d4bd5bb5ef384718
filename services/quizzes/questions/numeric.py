"""Numeric: a number, right within a tolerance, however it is written."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

from services.errors import InvalidInput
from services.quizzes.questions import numbers, writing
from services.quizzes.questions.base import NOTHING, WHOLE, Spec, only

MAX_LENGTH = 40


def parse(raw: dict[str, Any]) -> Spec:
    """Read answer, tolerance (absolute, default 0) and unit (shown behind the field)."""
    only(raw, "answer", "tolerance", "unit")
    answer = _author_number("answer", raw.get("answer"))
    tolerance = _author_number("tolerance", raw.get("tolerance", 0))
    unit = raw.get("unit", "")
    if tolerance < 0:
        raise InvalidInput("tolerance", "must not be below zero")
    if not isinstance(unit, str):
        raise InvalidInput("unit", "must be a text")
    return {"answer": str(answer), "tolerance": str(tolerance), "unit": unit.strip()}


def freeze(spec: Spec, rng: Any) -> dict[str, Any]:
    """Show the unit only."""
    return {"unit": spec["unit"]}


def clean(spec: Spec, response: Any) -> str | None:
    """Accept a number as typed (3.14, 3,14, 1e3); the text is kept as the student wrote it."""
    if response is None:
        return None
    if isinstance(response, bool) or not isinstance(response, (str, int, float)):
        raise InvalidInput("response", "must be a number")
    written = str(response).strip()
    if not writing.visible(written).strip():
        return None
    if len(written) > MAX_LENGTH or "\x00" in written:
        raise InvalidInput("response", f"must be a number of at most {MAX_LENGTH} characters")
    # A half-typed "-" is saved too: what the student sees is what is kept, and it grades as wrong.
    return written


def grade(spec: Spec, response: Any) -> Fraction:
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


def explain(spec: Spec, response: Any) -> dict[str, Any]:
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
