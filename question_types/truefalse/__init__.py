"""True or false: a statement that is one of both."""

from fractions import Fraction
from typing import Any

from question_types import raw
from question_types.asked import Asked
from question_types.base import NOTHING, WHOLE, Frozen, QuestionType, Spec
from reasons import N_, Code, Reason
from services.errors import InvalidInput

TRUE, FALSE = "true", "false"


class AskedTrueFalse(Asked):
    """Whether the statement of the prompt is true."""

    is_true: bool
    feedback_true: str
    feedback_false: str


def parse(written: dict[str, Any]) -> Spec:
    """Read is_true, and feedback_true and feedback_false, which are shown to those who chose that."""
    raw.only(written, "is_true", "feedback_true", "feedback_false")
    if not isinstance(written.get("is_true"), bool):
        raise InvalidInput("is_true", "must be true or false")
    notes = {name: raw.text(written, name, "") for name in ("feedback_true", "feedback_false")}
    return {"is_true": written["is_true"], **{name: note for name, note in notes.items() if note}}


def clean(spec: Spec, response: Any) -> str | None:
    """Accept "true" or "false", or nothing."""
    if response is None or response == "":
        return None
    if response not in (TRUE, FALSE) or not isinstance(response, str):
        raise InvalidInput("response", Reason(Code.NEITHER_TRUE_NOR_FALSE))
    return response


def grade(spec: Spec, response: Any, frozen: Frozen) -> Fraction:
    """Give everything for the right one."""
    return WHOLE if response == _right(spec) else NOTHING


def explain(spec: Spec, response: Any, frozen: Frozen) -> dict[str, Any]:
    """Name the right one, and give the feedback of both."""
    notes = {value: spec.get(f"feedback_{value}", "") for value in (TRUE, FALSE)}
    return {
        "solution": _right(spec),
        "correct": [_right(spec)],
        "notes": {one: note for one, note in notes.items() if note},
    }


def _right(spec: Spec) -> str:
    return TRUE if spec["is_true"] else FALSE


TYPE = QuestionType(
    title=N_("True or false"),
    parse=parse,
    clean=clean,
    grade=grade,
    explain=explain,
    asked=AskedTrueFalse,
    fields=("is_true", "feedback_true", "feedback_false"),
    labels=lambda _spec: {TRUE: TRUE, FALSE: FALSE},
)
