"""Short text: an accepted answer, or one that fits a pattern, whatever its spacing, its case and its typography."""

from fractions import Fraction
from typing import Any

import regex
from pydantic import Field

from question_types import raw, typed, writing
from question_types.asked import Asked
from question_types.base import NOTHING, WHOLE, Frozen, QuestionType, Spec
from reasons import N_
from services.errors import InvalidInput

MAX_LENGTH = 500
MAX_ACCEPTED = 50
MAX_PATTERNS = 10
MAX_PATTERN = 300
# How long one pattern may look at one answer. An import tries it on long ones with a tenth of that.
PATIENCE_S = 0.2
_TRIED = ("a" * MAX_LENGTH, "ab" * 250, "1" * MAX_LENGTH, " a" * 250, "-" * MAX_LENGTH)


class AskedText(Asked):
    """Every answer that is accepted."""

    accept: list[str] = Field(min_length=1, max_length=10, description="All answers that are right, short ones.")
    is_case_sensitive: bool


def parse(written: dict[str, Any]) -> Spec:
    """Read accept (a list of right answers), patterns (regular expressions), is_case_sensitive and exact (both false).

    With `exact`, quotes and dashes are compared as they are; else ’ is ', and — is - or --.
    """
    raw.only(written, "accept", "patterns", "is_case_sensitive", "exact")
    spec: Spec = {
        "accept": raw.texts(written, "accept", 1, MAX_ACCEPTED),
        "is_case_sensitive": raw.flag(written, "is_case_sensitive"),
    }
    if raw.flag(written, "exact"):
        spec["exact"] = True
    if "patterns" in written:
        spec["patterns"] = raw.texts(written, "patterns", 1, MAX_PATTERNS)
        for number, pattern in enumerate(spec["patterns"], start=1):
            _try(f"patterns[{number}]", spec, pattern)
    return spec


def _try(field: str, spec: Spec, pattern: str) -> None:
    """Refuse what is no pattern, and one that takes too long for an answer that a student might send."""
    if len(pattern) > MAX_PATTERN:
        raise InvalidInput(field, f"must be at most {MAX_PATTERN} characters")
    accepted = [answer * (MAX_LENGTH // len(answer)) for answer in spec["accept"] if len(answer) <= MAX_LENGTH]
    try:
        for text in (*_TRIED, *accepted[:5]):
            for end in ("", "!"):
                _fits(spec, pattern, text[: MAX_LENGTH - 1] + end, PATIENCE_S / 10)
    except TimeoutError:
        raise InvalidInput(
            field, "takes too long for a long answer: write it without repetitions in repetitions"
        ) from None
    except (regex.error, ValueError, OverflowError, RecursionError, MemoryError) as error:
        raise InvalidInput(field, f"is no regular expression: {error}"[:200]) from error


def _fits(spec: Spec, pattern: str, text: str, patience_s: float) -> bool:
    flags = regex.V0 if spec["is_case_sensitive"] else regex.V0 | regex.IGNORECASE
    return regex.compile(pattern, flags).fullmatch(text, timeout=patience_s) is not None


def clean(spec: Spec, response: Any) -> str | None:
    """Accept up to 500 characters; blank is no answer."""
    return typed.text(response, MAX_LENGTH)


def grade(spec: Spec, response: Any, frozen: Frozen) -> Fraction | None:
    """Give everything for an accepted answer; leave it to a person where a pattern takes too long."""
    if response is None:
        return NOTHING
    given = _readings(spec, response)
    if any(given & _readings(spec, answer) for answer in spec["accept"]):
        return WHOLE
    try:
        texts = writing.readings(response, is_exact=spec.get("exact", False))
        fits = any(_fits(spec, pattern, text, PATIENCE_S) for pattern in spec.get("patterns", []) for text in texts)
    except TimeoutError:
        return None
    return WHOLE if fits else NOTHING


def explain(spec: Spec, response: Any, frozen: Frozen) -> dict[str, Any]:
    """Name the first accepted answer."""
    return {"solution": spec["accept"][0], "notes": {}}


def _readings(spec: Spec, written: str) -> set[str]:
    readings = writing.readings(written, is_exact=spec.get("exact", False))
    return readings if spec["is_case_sensitive"] else {reading.casefold() for reading in readings}


def same(spec: Spec, one: Any, other: Any) -> bool:
    """Whether two answers are the same but for what doesn't count here: spacing, typography, perhaps case."""
    return bool(_readings(spec, one) & _readings(spec, other))


def buckets(spec: Spec, response: Any) -> list[str]:
    """Group answers that are the same but for their spacing, typography and, where it doesn't count, their case."""
    return [] if response is None else [min(_readings(spec, response))]


TYPE = QuestionType(
    title=N_("A short text"),
    parse=parse,
    clean=clean,
    grade=grade,
    explain=explain,
    asked=AskedText,
    fields=("accept", "patterns", "is_case_sensitive", "exact"),
    same=same,
    buckets=buckets,
)
