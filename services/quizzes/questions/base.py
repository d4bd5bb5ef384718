"""The contract of a question kind, and the checks that several kinds share."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from services.errors import InvalidInput

Spec = dict[str, Any]
MAX_CHOICES = 26
NOTHING, WHOLE = Fraction(0), Fraction(1)


@dataclass(frozen=True)
class Kind:
    """What the platform needs of a kind of question.

    parse(raw) -> Spec: the author's own fields, normalised; InvalidInput names the field at fault.
    freeze(spec, rng) -> dict: what one attempt shows of it, never the solution; rng None keeps the author's order.
    clean(spec, response) -> response: the student's answer, checked; None means "no answer".
    grade(spec, response) -> Fraction: the exact share of the points, 0 to 1; its denominator is at most MAX_CHOICES.
    explain(spec, response) -> dict: what the result shows: `solution` (text) and `notes` (feedback by choice id).
    reading(spec, response) -> str | None: how an answer is read where it could be read in another way.
    """

    parse: Callable[[dict[str, Any]], Spec]
    freeze: Callable[[Spec, random.Random | None], dict[str, Any]]
    clean: Callable[[Spec, Any], Any]
    grade: Callable[[Spec, Any], Fraction]
    explain: Callable[[Spec, Any], dict[str, Any]]
    reading: Callable[[Spec, Any], str | None] = lambda _spec, _response: None


def only(raw: dict[str, Any], *allowed: str) -> None:
    """Refuse fields that this kind doesn't know, so that a misspelt one isn't silently dropped."""
    for name in raw:
        if name not in allowed:
            raise InvalidInput(str(name), f"isn't a field of this kind; it knows {', '.join(allowed)}")


def parse_choices(raw: dict[str, Any]) -> list[dict[str, Any]]:
    """Return [{id, text, is_correct, feedback}]; ids are a, b, c ... in the author's order."""
    choices = raw.get("choices")
    if not isinstance(choices, list) or not 2 <= len(choices) <= MAX_CHOICES:
        raise InvalidInput("choices", f"must be a list of 2 to {MAX_CHOICES} choices")
    return [_choice(position, choice) for position, choice in enumerate(choices)]


def _choice(position: int, choice: Any) -> dict[str, Any]:
    field = f"choices[{position + 1}]"
    if not isinstance(choice, dict):
        raise InvalidInput(field, "must have a text and is_correct")
    for name in choice:
        if name not in ("text", "is_correct", "feedback"):
            raise InvalidInput(f"{field}.{name}", "isn't a field of a choice")
    text, feedback = choice.get("text"), choice.get("feedback", "")
    if not isinstance(text, str) or not text.strip():
        raise InvalidInput(f"{field}.text", "must be a text (put it in quotes)")
    if not isinstance(choice.get("is_correct", False), bool):
        raise InvalidInput(f"{field}.is_correct", "must be true or false")
    if not isinstance(feedback, str):
        raise InvalidInput(f"{field}.feedback", "must be a text")
    return {
        "id": chr(ord("a") + position),
        "text": text.strip(),
        "is_correct": choice.get("is_correct", False),
        "feedback": feedback.strip(),
    }


def freeze_choices(spec: Spec, rng: random.Random | None) -> dict[str, Any]:
    """Show every choice, in an order of the attempt's own; the solution stays behind."""
    choices = [{"id": choice["id"], "text": choice["text"]} for choice in spec["choices"]]
    if rng is not None:
        rng.shuffle(choices)
    return {"choices": choices}


def choice_ids(spec: Spec) -> set[str]:
    """Return the ids of all choices."""
    return {choice["id"] for choice in spec["choices"]}


def correct_ids(spec: Spec) -> set[str]:
    """Return the ids of the right choices."""
    return {choice["id"] for choice in spec["choices"] if choice["is_correct"]}


def explain_choices(spec: Spec, response: Any) -> dict[str, Any]:
    """Name the right choices, and give the feedback of each choice that has one."""
    right = [choice for choice in spec["choices"] if choice["is_correct"]]
    return {
        "solution": "; ".join(choice["text"] for choice in right),
        "correct": [choice["id"] for choice in right],
        "notes": {choice["id"]: choice["feedback"] for choice in spec["choices"] if choice["feedback"]},
    }
