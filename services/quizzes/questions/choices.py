"""What single and multiple choice share: reading, showing and explaining their choices."""

import random
from typing import Any

from services.errors import InvalidInput
from services.quizzes.questions.base import MAX_PARTS, Spec, only


def parse(raw: dict[str, Any]) -> Spec:
    """Return {choices: [{id, text, is_correct, feedback}]}; ids are a, b, c ... in the author's order."""
    only(raw, "choices")
    choices = raw.get("choices")
    if not isinstance(choices, list) or not 2 <= len(choices) <= MAX_PARTS:
        raise InvalidInput("choices", f"must be a list of 2 to {MAX_PARTS} choices")
    return {"choices": [_choice(position, choice) for position, choice in enumerate(choices)]}


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


def freeze(spec: Spec, rng: random.Random | None) -> dict[str, Any]:
    """Show every choice, in an order of the attempt's own; the solution stays behind."""
    shown = [{"id": choice["id"], "text": choice["text"]} for choice in spec["choices"]]
    if rng is not None:
        rng.shuffle(shown)
    return {"choices": shown}


def ids(spec: Spec) -> set[str]:
    """Return the ids of all choices."""
    return {choice["id"] for choice in spec["choices"]}


def correct_ids(spec: Spec) -> set[str]:
    """Return the ids of the right choices."""
    return {choice["id"] for choice in spec["choices"] if choice["is_correct"]}


def explain(spec: Spec, response: Any) -> dict[str, Any]:
    """Name the right choices, and give the feedback of each choice that has one."""
    right = [choice for choice in spec["choices"] if choice["is_correct"]]
    return {
        "solution": "; ".join(choice["text"] for choice in right),
        "correct": [choice["id"] for choice in right],
        "notes": {choice["id"]: choice["feedback"] for choice in spec["choices"] if choice["feedback"]},
    }
