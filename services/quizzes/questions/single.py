"""Single choice: exactly one of the choices is right."""

from fractions import Fraction
from typing import Any

from services.errors import InvalidInput
from services.quizzes.questions.base import (
    NOTHING,
    WHOLE,
    Spec,
    choice_ids,
    correct_ids,
    explain_choices,
    freeze_choices,
    only,
    parse_choices,
)

freeze = freeze_choices
explain = explain_choices


def parse(raw: dict[str, Any]) -> Spec:
    """Read the choices; exactly one must be right."""
    only(raw, "choices")
    spec = {"choices": parse_choices(raw)}
    if len(correct_ids(spec)) != 1:
        raise InvalidInput("choices", "exactly one choice must have is_correct: true")
    return spec


def clean(spec: Spec, response: Any) -> str | None:
    """Accept the id of one choice, or nothing."""
    if response is None or response == "":
        return None
    if not isinstance(response, str) or response not in choice_ids(spec):
        raise InvalidInput("response", "must be the id of one of the choices")
    return response


def grade(spec: Spec, response: Any) -> Fraction:
    """Give everything for the right choice."""
    return WHOLE if response in correct_ids(spec) else NOTHING
