"""What the API says of an attempt, alike for its student and the staff."""

from typing import Any

from models import Attempt, AttemptItem, UncountedAnswer
from question_types import type_of
from services.quizzes import answers

NAMES = ("id", "quiz_id", "user_id", "number", "closed_by", "started_at", "deadline_at", "closed_at")


def state_of(attempt: Attempt) -> str:
    """Say whether an attempt can still be answered; `stage` is how far its grading is."""
    return "open" if attempt.is_open else "closed"


def summary(attempt: Attempt) -> dict[str, Any]:
    """Give an attempt without its questions."""
    fields = {name: getattr(attempt, name) for name in (*NAMES, "score", "max_score", "percent")}
    return {**fields, "state": state_of(attempt), "stage": attempt.state}


def detail(attempt: Attempt) -> dict[str, Any]:
    """Give an attempt with its questions, and once it is closed with their solutions."""
    others = answers.by_position(answers.uncounted(attempt.id))
    items = [_item(item, others.get(item.position, []), attempt.is_open) for item in attempt.items]
    return {**summary(attempt), "items": items}


def _item(item: AttemptItem, uncounted: list[UncountedAnswer], is_open: bool) -> dict[str, Any]:
    version = item.version
    shown = {
        "position": item.position,
        "kind": version.kind,
        "prompt_html": type_of(version.kind).prompt(version.prompt_html, version.spec, item.frozen),
        "points": float(version.points),
        "frozen": item.frozen,
        "response": item.response,
        "revision": item.revision,
        "saved_at": item.saved_at,
        "typed_at": item.typed_at,
        "read_as": type_of(version.kind).reading(version.spec, item.response),
        "uncounted": uncounted,
    }
    if is_open:
        return shown
    solution = type_of(version.kind).explain(version.spec, item.response, item.frozen)["solution"]
    return {**shown, "score": item.score, "solution": solution, "feedback_html": version.feedback_html}
