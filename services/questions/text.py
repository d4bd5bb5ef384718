"""Short text: one of the accepted answers, whatever its spacing and, by default, its case."""

import unicodedata
from typing import Any

from services.errors import InvalidInput
from services.questions.base import Spec, only

MAX_LENGTH = 500
MAX_ACCEPTED = 50


def parse(raw: dict[str, Any]) -> Spec:
    """Read accept (a list of right answers) and is_case_sensitive (default false)."""
    only(raw, "accept", "is_case_sensitive")
    accept, is_case_sensitive = raw.get("accept"), raw.get("is_case_sensitive", False)
    if not isinstance(accept, list) or not 1 <= len(accept) <= MAX_ACCEPTED:
        raise InvalidInput("accept", f"must be a list of 1 to {MAX_ACCEPTED} texts")
    for position, answer in enumerate(accept, start=1):
        if not isinstance(answer, str) or not answer.strip():
            raise InvalidInput(f"accept[{position}]", "must be a text (put it in quotes)")
    if not isinstance(is_case_sensitive, bool):
        raise InvalidInput("is_case_sensitive", "must be true or false")
    return {"accept": [answer.strip() for answer in accept], "is_case_sensitive": is_case_sensitive}


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
    return response if response.strip() else None


def grade(spec: Spec, response: Any) -> float:
    """Give everything for an accepted answer."""
    if response is None:
        return 0.0
    given = _normalise(response, spec["is_case_sensitive"])
    return 1.0 if any(given == _normalise(answer, spec["is_case_sensitive"]) for answer in spec["accept"]) else 0.0


def explain(spec: Spec, response: Any) -> dict[str, Any]:
    """Name the first accepted answer."""
    return {"solution": spec["accept"][0], "notes": {}}


def _normalise(written: str, is_case_sensitive: bool) -> str:
    folded = " ".join(unicodedata.normalize("NFKC", written).split())
    return folded if is_case_sensitive else folded.casefold()
