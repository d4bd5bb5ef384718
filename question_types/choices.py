"""What single and multiple choice share: reading, showing and explaining their choices."""

from random import Random
from string import ascii_lowercase
from typing import Any

from question_types import raw
from question_types.base import MAX_PARTS, Frozen, Spec
from services.errors import InvalidInput

FIELDS = ("choices", "text", "is_correct", "feedback")


def parse(written: dict[str, Any]) -> list[dict[str, Any]]:
    """Return [{id, text, is_correct, feedback}]; ids are a, b, c ... until a version is made (`named`)."""
    choices = written.get("choices")
    if not isinstance(choices, list) or not 2 <= len(choices) <= MAX_PARTS:
        raise InvalidInput("choices", f"must be a list of 2 to {MAX_PARTS} choices")
    return [_choice(position, choice) for position, choice in enumerate(choices)]


def _choice(position: int, choice: Any) -> dict[str, Any]:
    place = f"choices[{position + 1}]"
    if not isinstance(choice, dict):
        raise InvalidInput(place, "must have a text and is_correct")
    raw.only(choice, "text", "is_correct", "feedback", inside=f"{place}.")
    return {
        "id": chr(ord("a") + position),
        "text": raw.text(choice, "text", inside=f"{place}."),
        "is_correct": raw.flag(choice, "is_correct", inside=f"{place}."),
        "feedback": raw.text(choice, "feedback", "", inside=f"{place}."),
    }


def named(spec: Spec, before: Spec | None, rng: Random) -> Spec:
    """Give the choices ids that tell nothing of the author's order, in which the right one often comes first.

    A choice keeps its id by its text, or else by its place, where the one that had it there is gone.
    """
    choices, old = spec["choices"], before["choices"] if before else []
    ids: list[str | None] = [None] * len(choices)
    left = list(old)
    for at, choice in enumerate(choices):
        same = next((other for other in left if other["text"] == choice["text"]), None)
        if same is not None:
            ids[at] = same["id"]
            left.remove(same)
    for at in range(min(len(choices), len(old))):
        if ids[at] is None and old[at] in left:
            ids[at] = old[at]["id"]
            left.remove(old[at])
    # What meant another choice before means none now, while there are letters.
    known = [choice["id"] for choice in old]
    free = [letter for letter in ascii_lowercase if letter not in known][: ids.count(None)]
    free += [choice["id"] for choice in left][: ids.count(None) - len(free)]
    rng.shuffle(free)
    return {**spec, "choices": [{**choice, "id": one or free.pop()} for choice, one in zip(choices, ids, strict=True)]}


def freeze(spec: Spec, rng: Random, is_shuffled: bool) -> Frozen:
    """Show every choice, in an order of the attempt's own; the solution stays behind."""
    shown = [{"id": choice["id"], "text": choice["text"]} for choice in spec["choices"]]
    if is_shuffled:
        rng.shuffle(shown)
    return {"choices": shown}


def labels(spec: Spec) -> dict[str, str]:
    """Return the text of each choice."""
    return {choice["id"]: choice["text"] for choice in spec["choices"]}


def in_words(spec: Spec, response: Any) -> str:
    """Say the texts of what was chosen."""
    chosen = response if isinstance(response, list) else [] if response is None else [response]
    return ", ".join(labels(spec).get(each, str(each)) for each in chosen)


def ids(spec: Spec) -> set[str]:
    """Return the ids of all choices."""
    return {choice["id"] for choice in spec["choices"]}


def correct_ids(spec: Spec) -> set[str]:
    """Return the ids of the right choices."""
    return {choice["id"] for choice in spec["choices"] if choice["is_correct"]}


def explain(spec: Spec, response: Any, frozen: Frozen) -> dict[str, Any]:
    """Name the right choices, and give the feedback of each choice that has one."""
    right = [choice for choice in spec["choices"] if choice["is_correct"]]
    return {
        "solution": "; ".join(choice["text"] for choice in right),
        "correct": [choice["id"] for choice in right],
        "notes": {choice["id"]: choice["feedback"] for choice in spec["choices"] if choice["feedback"]},
    }
