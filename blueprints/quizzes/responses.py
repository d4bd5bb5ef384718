"""Responses as they come: of any shape that a question's type may have, but bounded; what it may be, its type says."""

import json
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import AfterValidator, TypeAdapter, ValidationError, WithJsonSchema
from werkzeug.datastructures import MultiDict

from question_types import Form, type_of
from services.errors import InvalidInput

MAX_DEPTH = 4
MAX_VALUES = 500
MAX_CHARACTERS = 100_000
MAX_WHOLE = 2**53
# How inputs are named on a page: item-3, and item-3.left for a part of a response.
PREFIX = "item-"


def _bounded(response: Any) -> Any:
    characters = 0
    for number, (value, depth) in enumerate(_each(response, 0), start=1):
        if depth > MAX_DEPTH:
            raise ValueError(f"must not be nested deeper than {MAX_DEPTH}")
        if number > MAX_VALUES:
            raise ValueError(f"must not hold more than {MAX_VALUES} values")
        if isinstance(value, str):
            characters += len(value)
            if characters > MAX_CHARACTERS:
                raise ValueError(f"must not hold more than {MAX_CHARACTERS} characters")
            # PostgreSQL stores neither.
            if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
                raise ValueError("must be a text of Unicode without NUL characters")
        elif isinstance(value, (int, float)) and not abs(value) <= MAX_WHOLE:
            raise ValueError("must hold numbers of at most 2^53")
    return response


def _each(value: Any, depth: int) -> Iterator[tuple[Any, int]]:
    """Yield a value and all inside it, with its depth; names count as texts. Goes no deeper than it must."""
    yield value, depth
    if depth > MAX_DEPTH:
        return
    if isinstance(value, dict):
        for name, inside in value.items():
            yield name, depth
            yield from _each(inside, depth + 1)
    elif isinstance(value, list):
        for inside in value:
            yield from _each(inside, depth + 1)


_TEXT = {"type": "string"}
_FLAT = [_TEXT, {"type": "array", "items": _TEXT}, {"type": "object", "additionalProperties": _TEXT}]
# A text, a list or an object of them, or null: docs/api.md says which type takes what.
Response = Annotated[Any, AfterValidator(_bounded), WithJsonSchema({"anyOf": [*_FLAT, {"type": "null"}]})]
_RESPONSE: TypeAdapter[Any] = TypeAdapter(Response)


def form_of(sent: MultiDict[str, str], position: int) -> Form:
    """Return what a form without scripts says of one question, by the parts of its response."""
    name = f"{PREFIX}{position}"
    return {
        key.removeprefix(name).removeprefix("."): values
        for key, values in sent.lists()
        if key == name or key.startswith(f"{name}.")
    }


def of_page(form: MultiDict[str, str], kind: str, position: int = 1) -> Any:
    """Return the response of a form of one question: what its type's script has read ("response", as JSON), or, without
    a script, what its inputs say; raise InvalidInput."""
    text = form.get("response", "")
    if not text:
        return type_of(kind).of_form(form_of(form, position))
    try:
        return _RESPONSE.validate_python(json.loads(text))
    except (ValidationError, ValueError, RecursionError) as error:
        raise InvalidInput("response", "can't be read") from error
