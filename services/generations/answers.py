"""The shape in which the model answers, made of the shapes of question types, and what is read of an answer.

The server is asked to hold its model to the shape; nothing here trusts that it did.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, Union

from pydantic import BaseModel, Field, TypeAdapter, ValidationError, create_model

from question_types import TYPES
from question_types.asked import Asked, Part
from reasons import Code, Reason

# Most of what a model writes in one call; the rest of a generation follows in further calls.
BATCH = 5
MAX_ANSWER = 200_000


class AskedCitation(Part):
    """Where the answer to a question stands."""

    lesson: int = Field(description="The lesson's number.")
    quote: str = Field(description="A sentence of the lesson, word for word.")


class AskedQuestion(Part):
    """What a question of any type has; `kind` and `fields` are its type's."""

    kind: str
    name: str
    prompt: str = Field(description="The question as students read it, in Markdown.")
    fields: Asked
    feedback: str
    difficulty: Literal["easy", "medium", "hard"]
    citations: list[AskedCitation] = Field(min_length=1, max_length=4)


class Arguable(Part):
    """A choice that is right by another reading."""

    choice: str = Field(description="The choice's letter.")
    why: str


class SecondAnswer(Part):
    """How a question was answered by somebody who doesn't know the key."""

    question: int = Field(description="The question's number.")
    answers: list[str] = Field(description="Letters of choices.")
    arguable: list[Arguable]


class SecondAnswers(Part):
    """The answers to several questions."""

    answers: list[SecondAnswer]


@dataclass(frozen=True)
class Read:
    """A question of an answer that has the shape, or what of it hasn't, with what it said."""

    question: AskedQuestion | None
    raw: dict[str, Any]
    fault: Reason | None = None


def kinds() -> list[str]:
    """Return the types that a model can write."""
    return [name for name, kind in TYPES.items() if kind.asked is not None]


@lru_cache
def _questions_of(name: str) -> type[AskedQuestion]:
    shape: Any = TYPES[name].asked
    fields: dict[str, Any] = {"kind": (Literal[name], ...), "fields": (shape, ...)}
    return create_model(f"Question_{name}", __base__=AskedQuestion, **fields)


def questions_shape(asked: Sequence[str]) -> type[BaseModel]:
    """Return the shape of an answer with questions of these types."""
    # Told apart by their kind, without a discriminator: servers hold models to `anyOf`, and not all know more.
    question: Any = Union[tuple(_questions_of(name) for name in asked)]  # noqa: UP007  # made of values
    return create_model("Questions", __base__=Part, questions=(list[question], ...))


def read_questions(raw: str, asked: Sequence[str], most: int) -> list[Read]:
    """Return what an answer holds, at most so many questions, each judged by itself; raise ValueError for no answer."""
    said = parsed(raw)
    questions = said.get("questions") if isinstance(said, dict) else None
    if not isinstance(questions, list):
        raise ValueError("has no list of questions")
    return [_read(each, asked) for each in questions[:most]]


def _read(said: Any, asked: Sequence[str]) -> Read:
    if not isinstance(said, dict):
        return Read(None, {}, Reason(Code.DRAFT_SHAPE, field="questions"))
    kind = said.get("kind")
    if not isinstance(kind, str) or kind not in asked:
        return Read(None, said, Reason(Code.DRAFT_KIND, kind=str(kind)[:60]))
    try:
        return Read(_questions_of(kind).model_validate(said), said)
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"])
        return Read(None, said, Reason(Code.DRAFT_SHAPE, field=place[:200] or "questions"))


def read_second(raw: str) -> dict[int, SecondAnswer]:
    """Return the second answers by the number of their question; raise ValueError for no answer."""
    try:
        said = TypeAdapter(SecondAnswers).validate_python(parsed(raw))
    except ValidationError as error:
        raise ValueError("has another shape") from error
    return {answer.question: answer for answer in said.answers}


def parsed(raw: str) -> Any:
    """Return the JSON of an answer; raise ValueError for what is none, or too much of it."""
    if len(raw) > MAX_ANSWER:
        raise ValueError("is too long")
    try:
        # PostgreSQL keeps no NUL, and half a pair of UTF-16 is no character.
        return json.loads(raw.encode("utf-8", "replace").decode().replace("\\u0000", ""))
    except RecursionError as error:
        raise ValueError("is nested too deeply") from error
