"""Lab: done in a lab of the course; a check of that lab answers, and the site saves what it says."""

import re
from fractions import Fraction
from random import Random
from typing import Any

from question_types import raw
from question_types.base import FAILED, NOTHING, PASSED, WHOLE, CheckOfLab, Frozen, QuestionType, Spec
from reasons import N_, Code, Reason
from services.errors import InvalidInput

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
MAX_SLUG = 60


def parse(written: dict[str, Any]) -> Spec:
    """Read lab and check, slugs in the same course, and earlier: whether a pass before the attempt counts."""
    raw.only(written, "lab", "check", "earlier")
    names = {name: slug(written, name) for name in ("lab", "check")}
    return {**names, "earlier": raw.flag(written, "earlier", default=True)}


def slug(written: dict[str, Any], name: str, *, inside: str = "") -> str:
    """Return the slug of something in the course."""
    text = raw.text(written, name, inside=inside)
    if not _SLUG.fullmatch(text) or len(text) > MAX_SLUG:
        raise InvalidInput(f"{inside}{name}", "must be a slug: a-z, 0-9 and single hyphens")
    return text


def check_of(spec: Spec) -> CheckOfLab:
    """Name the check that answers."""
    return CheckOfLab(spec["lab"], spec["check"], counts_earlier=spec["earlier"])


def freeze(spec: Spec, rng: Random, is_shuffled: bool) -> Frozen:
    """Show which lab it is."""
    return {"lab": spec["lab"], "check": spec["check"]}


def clean(spec: Spec, response: Any) -> str | None:
    """Accept what a check may say."""
    if response in (None, ""):
        return None
    if response not in (PASSED, FAILED):
        raise InvalidInput("response", Reason(Code.ANSWER_OF_CHECK))
    return str(response)


def grade(spec: Spec, response: Any, frozen: Frozen) -> Fraction | None:
    """Give everything for a check that has passed."""
    return WHOLE if response == PASSED else NOTHING


def explain(spec: Spec, response: Any, frozen: Frozen) -> dict[str, Any]:
    """Leave the solution to the lab, which shows its own."""
    return {"solution": "", "notes": {}}


def in_words(spec: Spec, response: Any) -> str:
    """Say what the check said."""
    return {PASSED: "the check passed", FAILED: "the check failed"}.get(response, "")


TYPE = QuestionType(
    title=N_("Work in a lab"),
    parse=parse,
    clean=clean,
    grade=grade,
    explain=explain,
    fields=("lab", "check", "earlier"),
    export=lambda spec: {name: value for name, value in spec.items() if name != "earlier" or not value},
    freeze=freeze,
    in_words=in_words,
    labels=lambda _spec: {PASSED: "The check passed", FAILED: "The check failed"},
    check_of=check_of,
)
