"""Ordering: put things into their order."""

import hashlib
from bisect import bisect_left
from fractions import Fraction
from random import Random
from typing import Any

from question_types import raw
from question_types.base import NOTHING, WHOLE, Form, Frozen, QuestionType, Spec
from reasons import N_, Code, Reason
from services.errors import InvalidInput

MAX_ITEMS = 15
PARTIAL, ALL = "partial", "all"


def parse(written: dict[str, Any]) -> Spec:
    """Read items (in their right order) and scoring ("partial" by default, or "all")."""
    raw.only(written, "items", "scoring")
    items = raw.texts(written, "items", 2, MAX_ITEMS)
    for number, text in enumerate(items, start=1):
        if text in items[: number - 1]:
            raise InvalidInput(f"items[{number}]", "is there twice")
    scoring = written.get("scoring", PARTIAL)
    if scoring not in (PARTIAL, ALL):
        raise InvalidInput("scoring", f"must be {PARTIAL} or {ALL}")
    return {"items": items, **({"scoring": ALL} if scoring == ALL else {})}


def id_of(text: str) -> str:
    """Name a thing by its text: a number would tell its place."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:8]


def ids(spec: Spec) -> list[str]:
    """Return the ids of all things in their right order."""
    return [id_of(text) for text in spec["items"]]


def freeze(spec: Spec, rng: Random, is_shuffled: bool) -> Frozen:
    """Show the things in an order of the attempt's own, which is never the right one."""
    shown = [{"id": id_of(text), "text": text} for text in spec["items"]]
    while [item["id"] for item in shown] == ids(spec):
        rng.shuffle(shown)
    return {"items": shown}


def clean(spec: Spec, response: Any) -> list[str] | None:
    """Accept a list of ids, each at most once."""
    if response is None or response == "":
        return None
    known = ids(spec)
    if not isinstance(response, list) or any(not isinstance(part, str) or part not in known for part in response):
        raise InvalidInput("response", Reason(Code.THINGS_UNKNOWN))
    if len(set(response)) != len(response):
        raise InvalidInput("response", Reason(Code.THINGS_NOT_ONCE))
    return list(response) or None


def grade(spec: Spec, response: Any, frozen: Frozen) -> Fraction:
    """Give what the longest part that is in order says: of n things in their order n - 1 are right behind another.

    That part is the longest common subsequence of the answer and the right order; of two permutations it is the longest
    increasing run of places, found by patience sorting (Fredman 1975). One thing alone is always in order, and earns
    nothing.
    """
    if not response:
        return NOTHING
    places = [ids(spec).index(each) for each in response]
    if spec.get("scoring") == ALL:
        return WHOLE if places == list(range(len(spec["items"]))) else NOTHING
    ends: list[int] = []
    for place in places:
        at = bisect_left(ends, place)
        ends[at : at + 1] = [place]
    return Fraction(len(ends) - 1, len(spec["items"]) - 1)


def of_form(form: Form) -> list[str]:
    """Read the places that were chosen for each thing; those without one are left out."""
    places = {name: values[0] for name, values in form.items() if name and values[0].isdecimal()}
    return sorted(places, key=lambda name: int(places[name][:9]))


def explain(spec: Spec, response: Any, frozen: Frozen) -> dict[str, Any]:
    """Name the right order; `places` are the right places from 1."""
    return {
        "solution": "; ".join(spec["items"]),
        "order": spec["items"],
        "places": {name: number for number, name in enumerate(ids(spec), start=1)},
        "notes": {},
    }


def labels(spec: Spec) -> dict[str, str]:
    """Say each thing at its right place."""
    return {f"{number}:{id_of(text)}": f"{number}. {text}" for number, text in enumerate(spec["items"], start=1)}


def buckets(spec: Spec, response: Any) -> list[str]:
    """Count each thing at the place that it was given: right places have labels, the others are said in words."""
    texts, right = {id_of(text): text for text in spec["items"]}, labels(spec)
    made = [(f"{number}:{name}", f"{number}. {texts[name]}") for number, name in enumerate(response or [], start=1)]
    return [place if place in right else words for place, words in made]


def in_words(spec: Spec, response: Any) -> str:
    """Say the things in the order that they were given."""
    texts = {id_of(text): text for text in spec["items"]}
    return ", ".join(texts[name] for name in response or [])


TYPE = QuestionType(
    title=N_("An order"),
    parse=parse,
    clean=clean,
    grade=grade,
    explain=explain,
    fields=("scoring", "items"),
    freeze=freeze,
    of_form=of_form,
    in_words=in_words,
    buckets=buckets,
    labels=labels,
)
