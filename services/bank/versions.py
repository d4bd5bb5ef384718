"""The one way in which a question comes to say something else: a version more. None is ever changed.

Imports, the API and pages all come here. Attempts keep the version that they showed; new ones get the current one.
"""

from collections.abc import Callable
from random import Random
from secrets import SystemRandom
from typing import Any, Protocol

from extensions import db
from models import Question, QuestionVersion
from question_hints import Hint
from question_rubrics import RubricItem
from question_types import type_of

# For ids that nobody can guess.
RNG: Random = SystemRandom()
# A course's Markdown -> HTML.
Render = Callable[[str], str]


class Wording(Protocol):
    """What a version says. `spec` is what its kind's `parse` returned; texts are Markdown."""

    @property
    def kind(self) -> str: ...
    @property
    def prompt(self) -> str: ...
    @property
    def spec(self) -> dict[str, Any]: ...
    @property
    def points(self) -> float: ...
    @property
    def feedback(self) -> str: ...
    @property
    def hints(self) -> tuple[Hint, ...]: ...
    @property
    def rubric(self) -> tuple[RubricItem, ...]: ...


def hints_of(said: Wording, render: Render) -> list[dict[str, str]]:
    """Return a question's hints as a version keeps them."""
    return [{"text": hint.text, "html": render(hint.text), "price": hint.price} for hint in said.hints]


def texts_of(said: Wording) -> list[str]:
    """Return all Markdown of a question, whose pictures are looked at."""
    return [said.prompt, said.feedback, *(hint.text for hint in said.hints)]


def write(question: Question, said: Wording, render: Render) -> bool:
    """Make a version the current one, unless the current one says the same; return whether it was needed.

    The caller has taken the course's turn (`services/courses/turns.py`), so numbers follow each other.
    """
    current = question.current
    before = current.spec if current is not None and current.kind == said.kind else None
    values = {
        "kind": said.kind,
        "prompt_md": said.prompt,
        "prompt_html": render(said.prompt),
        "points": said.points,
        "spec": type_of(said.kind).named(said.spec, before, RNG),
        "feedback_md": said.feedback,
        "feedback_html": render(said.feedback),
        "hints": hints_of(said, render),
        "rubric": [item.kept() for item in said.rubric],
    }
    if current is not None and all(getattr(current, name) == value for name, value in values.items()):
        return False
    number = current.number + 1 if current is not None else 1
    version = QuestionVersion(question_id=question.id, number=number, **values)
    db.session.add(version)
    db.session.flush()
    question.current = version
    return True
