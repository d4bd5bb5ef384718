"""Matching: to each thing on the left belongs one on the right."""

import hashlib
from fractions import Fraction
from random import Random
from typing import Any

from question_types import raw, typed
from question_types.base import NOTHING, Frozen, QuestionType, Spec
from reasons import N_, Code, Reason
from services import markdown
from services.errors import InvalidInput

MAX_PAIRS = 15
MAX_EXTRA = 10


def parse(written: dict[str, Any]) -> Spec:
    """Read pairs of left and right, and extra (what belongs to nothing)."""
    raw.only(written, "pairs", "extra")
    pairs = [
        {side: raw.text(pair, side, inside=place) for side in ("left", "right")}
        for place, pair in raw.objects(written, "pairs", 2, MAX_PAIRS, "left", "right")
    ]
    for number, pair in enumerate(pairs, start=1):
        if pair["left"] in [other["left"] for other in pairs[: number - 1]]:
            raise InvalidInput(f"pairs[{number}].left", "is there twice")
    extra = raw.texts(written, "extra", 1, MAX_EXTRA) if "extra" in written else []
    rights = {pair["right"] for pair in pairs}
    for number, text in enumerate(extra, start=1):
        if text in rights or text in extra[: number - 1]:
            raise InvalidInput(f"extra[{number}]", "is there twice")
    return {"pairs": pairs, **({"extra": extra} if extra else {})}


def id_of(text: str) -> str:
    """Name what stands on the right by its text: a number would tell to which pair it belongs."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:8]


def rights(spec: Spec) -> dict[str, str]:
    """Return the texts on the right by their ids, each once."""
    texts = [*(pair["right"] for pair in spec["pairs"]), *spec.get("extra", [])]
    return {id_of(text): text for text in texts}


def lefts(spec: Spec) -> dict[str, dict[str, str]]:
    """Return the pairs by the ids of their left sides, which are numbers from 1."""
    return {str(number): pair for number, pair in enumerate(spec["pairs"], start=1)}


def freeze(spec: Spec, rng: Random, is_shuffled: bool) -> Frozen:
    """Show both sides, the right one always in an order of the attempt's own."""
    left = [{"id": number, "text": pair["left"]} for number, pair in lefts(spec).items()]
    right = [{"id": name, "text": text} for name, text in sorted(rights(spec).items())]
    rng.shuffle(right)
    if is_shuffled:
        rng.shuffle(left)
    return {"left": left, "right": right}


def show(spec: Spec, frozen: Frozen) -> dict[str, Any]:
    """Say whether the right side has pictures, which a list to choose from can't show."""
    return {"has_pictures": any("<img" in markdown.render_line(right["text"]) for right in frozen["right"])}


def clean(spec: Spec, response: Any) -> dict[str, str] | None:
    """Accept an object from ids of the left to ids of the right."""
    known = rights(spec)
    parts = typed.parts(response, list(lefts(spec)))
    given = {left: right for left, right in (parts or {}).items() if right not in (None, "")}
    if any(not isinstance(right, str) or right not in known for right in given.values()):
        raise InvalidInput("response", Reason(Code.RIGHT_SIDE_UNKNOWN))
    return {left: given[left] for left in sorted(given)} or None


def grade(spec: Spec, response: Any, frozen: Frozen) -> Fraction:
    """Give its share for each pair that is right."""
    given = response or {}
    right = sum(given.get(left) == id_of(pair["right"]) for left, pair in lefts(spec).items())
    return Fraction(right, len(spec["pairs"])) if right else NOTHING


def explain(spec: Spec, response: Any, frozen: Frozen) -> dict[str, Any]:
    """Name each pair; `right_ids` are what belongs to each left side."""
    return {
        "solution": "; ".join(f"{pair['left']}: {pair['right']}" for pair in spec["pairs"]),
        "right_ids": {left: id_of(pair["right"]) for left, pair in lefts(spec).items()},
        "right_texts": {left: pair["right"] for left, pair in lefts(spec).items()},
        "notes": {},
    }


def in_words(spec: Spec, response: Any) -> str:
    """Say each pair that was made."""
    known, pairs = rights(spec), lefts(spec)
    return "; ".join(f"{pairs[left]['left']}: {known[right]}" for left, right in (response or {}).items())


def buckets(spec: Spec, response: Any) -> list[str]:
    """Count each pair that was made: the right ones have labels, the others are said in words."""
    known, pairs, right = rights(spec), lefts(spec), labels(spec)
    made = [(f"{left}:{name}", f"{pairs[left]['left']}: {known[name]}") for left, name in (response or {}).items()]
    return [pair if pair in right else words for pair, words in made]


def labels(spec: Spec) -> dict[str, str]:
    """Say the pairs that are right."""
    return {f"{left}:{id_of(pair['right'])}": f"{pair['left']}: {pair['right']}" for left, pair in lefts(spec).items()}


TYPE = QuestionType(
    title=N_("Pairs"),
    parse=parse,
    clean=clean,
    grade=grade,
    explain=explain,
    fields=("pairs", "left", "right", "extra"),
    freeze=freeze,
    show=show,
    in_words=in_words,
    buckets=buckets,
    labels=labels,
)
