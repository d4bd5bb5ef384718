"""Numeric: a number, right within a tolerance. Decimal arithmetic, so that 0.1 + 0.2 is 0.3."""

from decimal import Decimal, InvalidOperation
from typing import Any

from services.errors import InvalidInput
from services.questions.base import Spec, only

MAX_LENGTH = 40
MAX_EXPONENT = 100


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
    if not written:
        return None
    if len(written) > MAX_LENGTH or "\x00" in written:
        raise InvalidInput("response", f"must be a number of at most {MAX_LENGTH} characters")
    # A half-typed "-" is saved too: what the student sees is what is kept, and it grades as wrong.
    return written


def grade(spec: Spec, response: Any) -> float:
    """Give everything within the tolerance."""
    number = _number(response) if response is not None else None
    if number is None:
        return 0.0
    return 1.0 if abs(number - Decimal(spec["answer"])) <= Decimal(spec["tolerance"]) else 0.0


def explain(spec: Spec, response: Any) -> dict[str, Any]:
    """Name the answer with its tolerance and unit."""
    tolerance = f" ± {spec['tolerance']}" if Decimal(spec["tolerance"]) else ""
    return {"solution": f"{spec['answer']}{tolerance} {spec['unit']}".strip(), "notes": {}}


def _author_number(field: str, value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise InvalidInput(field, "must be a number")
    number = _number(str(value))
    if number is None:
        raise InvalidInput(field, "must be a number")
    return number


def _number(written: str) -> Decimal | None:
    try:
        number = Decimal(written.strip().replace(",", ".").replace("\u2212", "-"))
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) <= MAX_EXPONENT else None
