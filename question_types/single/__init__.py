"""Single choice: exactly one of the choices is right."""

from fractions import Fraction
from typing import Any

from pydantic import Field

from question_types import choices, raw
from question_types.asked import Asked, AskedChoice
from question_types.base import NOTHING, WHOLE, Frozen, QuestionType, Spec
from reasons import N_, Code, Reason
from services.errors import InvalidInput


class AskedSingle(Asked):
    """Choices, of which one is right."""

    choices: list[AskedChoice] = Field(min_length=3, max_length=6, description="Exactly one is correct.")


def parse(written: dict[str, Any]) -> Spec:
    """Read the choices; exactly one must be right."""
    raw.only(written, "choices")
    spec: Spec = {"choices": choices.parse(written)}
    if len(choices.correct_ids(spec)) != 1:
        raise InvalidInput("choices", "exactly one choice must have is_correct: true")
    return spec


def clean(spec: Spec, response: Any) -> str | None:
    """Accept the id of one choice, or nothing."""
    if response is None or response == "":
        return None
    if not isinstance(response, str) or response not in choices.ids(spec):
        raise InvalidInput("response", Reason(Code.CHOICE_UNKNOWN))
    return response


def grade(spec: Spec, response: Any, frozen: Frozen) -> Fraction:
    """Give everything for the right choice."""
    return WHOLE if response in choices.correct_ids(spec) else NOTHING


TYPE = QuestionType(
    title=N_("One right answer"),
    parse=parse,
    clean=clean,
    grade=grade,
    explain=choices.explain,
    fields=choices.FIELDS,
    asked=AskedSingle,
    named=choices.named,
    freeze=choices.freeze,
    in_words=choices.in_words,
    labels=choices.labels,
)
