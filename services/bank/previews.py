"""A question as a student sees it: what an attempt with a seed would show, without an attempt."""

from dataclasses import dataclass
from typing import Any

from models import Question
from question_types import type_of
from services.quizzes import draws

# A seed is one of an attempt, so that what a student saw can be looked at again.
MAX_SEED = 2**53 - 1


@dataclass(frozen=True)
class Shown:
    """An item of an attempt, as templates and the API take it, which nobody has answered."""

    version: Any
    frozen: dict[str, Any]
    position: int = 1
    response: None = None


def of_question(question: Question, seed: int) -> Shown:
    """Return what an attempt with this seed shows of the current version, in a quiz that shuffles."""
    version = question.current
    assert version is not None  # a question is found with its current version
    return of_version(version, draws.seed_of(question.id, seed))


def of_version(version: Any, seed: str) -> Shown:
    """Return a version, also one that isn't kept, as it is shown under the seed of a question."""
    return Shown(version, draws.freeze(version.kind, version.spec, seed))


def explain(shown: Shown) -> dict[str, Any]:
    """Return what a result says of it: the solution, and feedback."""
    version = shown.version
    return type_of(version.kind).explain(version.spec, None, shown.frozen)
