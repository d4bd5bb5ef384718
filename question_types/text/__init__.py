"""Short text: one of the accepted answers, whatever its spacing and, by default, its case and its typography."""

from fractions import Fraction
from typing import Any

from question_types import raw, typed, writing
from question_types.base import NOTHING, WHOLE, Frozen, QuestionType, Spec

MAX_LENGTH = 500
MAX_ACCEPTED = 50


def parse(written: dict[str, Any]) -> Spec:
    """Read accept (a list of right answers), is_case_sensitive and exact (both false by default).

    With `exact`, quotes and dashes are compared as they are; else ’ is ', and — is - or --.
    """
    raw.only(written, "accept", "is_case_sensitive", "exact")
    spec: Spec = {
        "accept": raw.texts(written, "accept", 1, MAX_ACCEPTED),
        "is_case_sensitive": raw.flag(written, "is_case_sensitive"),
    }
    return {**spec, "exact": True} if raw.flag(written, "exact") else spec


def clean(spec: Spec, response: Any) -> str | None:
    """Accept up to 500 characters; blank is no answer."""
    return typed.text(response, MAX_LENGTH)


def grade(spec: Spec, response: Any, frozen: Frozen) -> Fraction:
    """Give everything for an accepted answer."""
    if response is None:
        return NOTHING
    given = _readings(spec, response)
    return WHOLE if any(given & _readings(spec, answer) for answer in spec["accept"]) else NOTHING


def explain(spec: Spec, response: Any, frozen: Frozen) -> dict[str, Any]:
    """Name the first accepted answer."""
    return {"solution": spec["accept"][0], "notes": {}}


def _readings(spec: Spec, written: str) -> set[str]:
    readings = writing.readings(written, is_exact=spec.get("exact", False))
    return readings if spec["is_case_sensitive"] else {reading.casefold() for reading in readings}


def buckets(spec: Spec, response: Any) -> list[str]:
    """Group answers that are the same but for their spacing, typography and, where it doesn't count, their case."""
    return [] if response is None else [min(_readings(spec, response))]


TYPE = QuestionType(
    parse=parse,
    clean=clean,
    grade=grade,
    explain=explain,
    fields=("accept", "is_case_sensitive", "exact"),
    buckets=buckets,
)
