"""Short text: one of the accepted answers, whatever its spacing and, by default, its case and its typography."""

from fractions import Fraction
from typing import Any

from services.errors import InvalidInput
from services.quizzes.questions import writing
from services.quizzes.questions.base import NOTHING, WHOLE, Spec, only

MAX_LENGTH = 500
MAX_ACCEPTED = 50


def parse(raw: dict[str, Any]) -> Spec:
    """Read accept (a list of right answers), is_case_sensitive and exact (both false by default).

    With `exact`, quotes and dashes are compared as they are; else ’ is ', and — is - or --.
    """
    only(raw, "accept", "is_case_sensitive", "exact")
    accept, is_case_sensitive, is_exact = (
        raw.get("accept"),
        raw.get("is_case_sensitive", False),
        raw.get("exact", False),
    )
    if not isinstance(accept, list) or not 1 <= len(accept) <= MAX_ACCEPTED:
        raise InvalidInput("accept", f"must be a list of 1 to {MAX_ACCEPTED} texts")
    for position, answer in enumerate(accept, start=1):
        if not isinstance(answer, str) or not answer.strip():
            raise InvalidInput(f"accept[{position}]", "must be a text (put it in quotes)")
    if not isinstance(is_case_sensitive, bool):
        raise InvalidInput("is_case_sensitive", "must be true or false")
    if not isinstance(is_exact, bool):
        raise InvalidInput("exact", "must be true or false")
    for position, answer in enumerate(accept, start=1):
        if not writing.visible(answer).strip():
            raise InvalidInput(f"accept[{position}]", "must hold a character that can be seen")
    spec = {"accept": [answer.strip() for answer in accept], "is_case_sensitive": is_case_sensitive}
    return {**spec, "exact": True} if is_exact else spec


def freeze(spec: Spec, rng: Any) -> dict[str, Any]:
    """Nothing of it is drawn."""
    return {}


def clean(spec: Spec, response: Any) -> str | None:
    """Accept up to 500 characters; blank is no answer."""
    if response is None:
        return None
    if not isinstance(response, str):
        raise InvalidInput("response", "must be a text")
    if len(response) > MAX_LENGTH:
        raise InvalidInput("response", f"must be at most {MAX_LENGTH} characters")
    if "\x00" in response:
        raise InvalidInput("response", "must not contain NUL characters")
    return response if writing.visible(response).strip() else None


def grade(spec: Spec, response: Any) -> Fraction:
    """Give everything for an accepted answer."""
    if response is None:
        return NOTHING
    given = _readings(spec, response)
    return WHOLE if any(given & _readings(spec, answer) for answer in spec["accept"]) else NOTHING


def explain(spec: Spec, response: Any) -> dict[str, Any]:
    """Name the first accepted answer."""
    return {"solution": spec["accept"][0], "notes": {}}


def _readings(spec: Spec, written: str) -> set[str]:
    readings = writing.readings(written, is_exact=spec.get("exact", False))
    return readings if spec["is_case_sensitive"] else {reading.casefold() for reading in readings}
