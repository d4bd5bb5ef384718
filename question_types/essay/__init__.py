"""Essay: a longer text, which a person grades."""

import re
from fractions import Fraction
from random import Random
from typing import Any

from question_types import raw, typed
from question_types.base import NOTHING, Frozen, QuestionType, Spec
from reasons import N_
from services.errors import InvalidInput

MAX_LENGTH = 50_000
MAX_WORDS = 10_000
# A word has a letter or a digit in it; hyphens and apostrophes don't part words. static pages count in the same way.
_WORD = re.compile(r"\w[\w'’-]*")


def parse(written: dict[str, Any]) -> Spec:
    """Read min_words, max_words (what is asked for; neither is enforced) and model_answer, shown with the result."""
    raw.only(written, "min_words", "max_words", "model_answer")
    names = [name for name in ("min_words", "max_words") if name in written]
    bounds: Spec = {name: raw.whole(written, name, 1, MAX_WORDS) for name in names}
    if bounds.get("min_words", 0) > bounds.get("max_words", MAX_WORDS):
        raise InvalidInput("max_words", "must not be below min_words")
    answer = raw.text(written, "model_answer", "")
    return {**bounds, "model_answer": answer} if answer else bounds


def freeze(spec: Spec, rng: Random, is_shuffled: bool) -> Frozen:
    """Show how long it should be."""
    return {name: spec[name] for name in ("min_words", "max_words") if name in spec}


def clean(spec: Spec, response: Any) -> str | None:
    """Accept up to 50,000 characters; blank is no answer."""
    return typed.text(response, MAX_LENGTH)


def grade(spec: Spec, response: Any, frozen: Frozen) -> Fraction | None:
    """Leave it to a person."""
    return NOTHING if response is None else None


def count_words(text: str) -> int:
    """Count the words of a text."""
    return len(_WORD.findall(text))


def explain(spec: Spec, response: Any, frozen: Frozen) -> dict[str, Any]:
    """Give the model answer, and how many words were written."""
    return {"solution": spec.get("model_answer", ""), "words": count_words(response or ""), "notes": {}}


def buckets(spec: Spec, response: Any) -> list[str]:
    """Group essays by their length in hundreds of words."""
    if response is None:
        return []
    low = count_words(response) // 100 * 100
    return [f"{low}-{low + 99}"]


TYPE = QuestionType(
    title=N_("Essay"),
    parse=parse,
    clean=clean,
    grade=grade,
    explain=explain,
    fields=("min_words", "max_words", "model_answer"),
    freeze=freeze,
    buckets=buckets,
)
