"""Multiple choice: any number of the choices is right."""

from fractions import Fraction
from typing import Any

from pydantic import Field

from question_types import choices, raw
from question_types.asked import Asked, AskedChoice
from question_types.base import NOTHING, WHOLE, Frozen, QuestionType, Spec, all_values
from reasons import N_, Code, Reason
from services.errors import InvalidInput

PARTIAL, ALL = "partial", "all"


class AskedMultiple(Asked):
    """Choices, of which one or more are right."""

    choices: list[AskedChoice] = Field(min_length=3, max_length=8, description="One or more are correct, and not all.")


def parse(written: dict[str, Any]) -> Spec:
    """Read the choices, of which at least one must be right, and scoring ("partial" by default, or "all")."""
    raw.only(written, "choices", "scoring")
    spec: Spec = {"choices": choices.parse(written)}
    if not choices.correct_ids(spec):
        raise InvalidInput("choices", "at least one choice must have is_correct: true")
    scoring = written.get("scoring", PARTIAL)
    if scoring not in (PARTIAL, ALL):
        raise InvalidInput("scoring", f"must be {PARTIAL} or {ALL}")
    return {**spec, "scoring": ALL} if scoring == ALL else spec


def clean(spec: Spec, response: Any) -> list[str] | None:
    """Accept a list of ids of choices, in any order; an empty one is no answer."""
    if response is None or response == "":
        return None
    ids = choices.ids(spec)
    if not isinstance(response, list) or any(not isinstance(part, str) or part not in ids for part in response):
        raise InvalidInput("response", Reason(Code.CHOICES_UNKNOWN))
    return sorted(set(response)) or None


def grade(spec: Spec, response: Any, frozen: Frozen) -> Fraction:
    """Give the share of right marks less wrong marks, never below nothing; or all or nothing, if the author says so.

    A wrong mark costs what a right one earns, so that marking everything earns less than knowing something.
    """
    if not response:
        return NOTHING
    right, marked = choices.correct_ids(spec), set(response)
    if spec.get("scoring") == ALL:
        return WHOLE if marked == right else NOTHING
    return max(NOTHING, Fraction(len(marked & right) - len(marked - right), len(right)))


TYPE = QuestionType(
    title=N_("Several right answers"),
    parse=parse,
    clean=clean,
    grade=grade,
    explain=choices.explain,
    fields=("scoring", *choices.FIELDS),
    asked=AskedMultiple,
    named=choices.named,
    freeze=choices.freeze,
    in_words=choices.in_words,
    labels=choices.labels,
    of_form=all_values,
)
