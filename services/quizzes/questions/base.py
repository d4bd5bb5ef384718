"""The contract of a question kind, and the checks that several kinds share."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from services.errors import InvalidInput

Spec = dict[str, Any]
# What the denominator of a mark is at most; also the number of letters that name choices.
MAX_PARTS = 26
NOTHING, WHOLE = Fraction(0), Fraction(1)


@dataclass(frozen=True)
class Kind:
    """What the platform needs of a kind of question.

    parse(raw) -> Spec: the author's own fields, normalised; InvalidInput names the field at fault.
    freeze(spec, rng) -> dict: what one attempt shows of it, never the solution; rng None keeps the author's order.
    clean(spec, response) -> response: the student's answer, checked; None means "no answer".
    grade(spec, response) -> Fraction: the exact share of the points, 0 to 1; its denominator is at most MAX_PARTS.
    explain(spec, response) -> dict: what the result shows: `solution` (text) and `notes` (feedback by choice id).
    reading(spec, response) -> str | None: how an answer is read where it could be read in another way.
    takes_several: a response is a list, and the page's part has checkboxes.
    """

    parse: Callable[[dict[str, Any]], Spec]
    freeze: Callable[[Spec, random.Random | None], dict[str, Any]]
    clean: Callable[[Spec, Any], Any]
    grade: Callable[[Spec, Any], Fraction]
    explain: Callable[[Spec, Any], dict[str, Any]]
    reading: Callable[[Spec, Any], str | None] = lambda _spec, _response: None
    takes_several: bool = False

    def of_form(self, values: list[str]) -> Any:
        """Return the response that a form without scripts sends as these values of one field."""
        return values if self.takes_several else values[0]


def only(raw: dict[str, Any], *allowed: str) -> None:
    """Refuse fields that this kind doesn't know, so that a misspelt one isn't silently dropped."""
    for name in raw:
        if name not in allowed:
            raise InvalidInput(str(name), f"isn't a field of this kind; it knows {', '.join(allowed)}")
