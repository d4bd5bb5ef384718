"""Multiple choice: any number of the choices is right."""

from fractions import Fraction
from typing import Any

from services.errors import InvalidInput
from services.quizzes.questions import choices
from services.quizzes.questions.base import NOTHING, Spec


def parse(raw: dict[str, Any]) -> Spec:
    """Read the choices; at least one must be right."""
    spec = choices.parse(raw)
    if not choices.correct_ids(spec):
        raise InvalidInput("choices", "at least one choice must have is_correct: true")
    return spec


def clean(spec: Spec, response: Any) -> list[str] | None:
    """Accept a list of ids of choices, in any order; an empty one is no answer."""
    if response is None or response == "":
        return None
    ids = choices.ids(spec)
    if not isinstance(response, list) or any(not isinstance(part, str) or part not in ids for part in response):
        raise InvalidInput("response", "must be a list of ids of the choices")
    return sorted(set(response)) or None


def grade(spec: Spec, response: Any) -> Fraction:
    """Give the share of right marks less wrong marks, never below nothing.

    A wrong mark costs what a right one earns, so that marking everything earns less than knowing something.
    """
    if not response:
        return NOTHING
    right, marked = choices.correct_ids(spec), set(response)
    return max(NOTHING, Fraction(len(marked & right) - len(marked - right), len(right)))
