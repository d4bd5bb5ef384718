"""What pydantic finds wrong with a document, in the words of an archive's faults, and at the place that people read."""

from dataclasses import dataclass, replace
from itertools import chain
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Le
from pydantic.fields import FieldInfo

Place = tuple[int | str, ...]


def written(place: Place) -> str:
    """Return a place as people read it, such as steps[1].title."""
    text = ""
    for part in place:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def fields_of(shape: type) -> dict[str, FieldInfo]:
    """Return what pydantic knows of each field of a shape."""
    fields: dict[str, FieldInfo] = vars(shape)["__pydantic_fields__"]
    return fields


def message(shape: type, fault: Any) -> str:
    """Return a fault of pydantic's in our words."""
    match fault["type"]:
        case "unexpected_keyword_argument":
            known = fields_of(type_at(shape, fault["loc"][:-1]).kind)
            return f"isn't a field here; it knows {', '.join(sorted(known))}"
        case "dataclass_type" | "dict_type":
            return "must be a list of `field: value`"
        case "string_type":
            return "must be a text (put it in quotes)"
        case "string_too_long":
            return f"is over {fault['ctx']['max_length']} characters"
        case "too_long":
            return f"lists over {fault['ctx']['max_length']} entries"
        case "list_type" | "tuple_type":
            return "must be a list (lines that begin with -)"
        case "bool_type":
            return "must be true or false"
    said = type_at(shape, fault["loc"])
    if fault["type"] == "missing":
        return "is missing (an empty list is written [])" if said.kind is list else "is missing"
    if fault["type"] == "literal_error":
        options = [option for option in said.facts if option]
        return f"must be {'one of ' if len(options) > 1 else ''}{', '.join(options)}"
    bounds: dict[type, Any] = {type(fact): fact for fact in said.facts}
    if Ge in bounds and said.kind is int:
        return f"must be a whole number from {bounds[Ge].ge} to {bounds[Le].le}"
    if Ge in bounds and said.kind is float:
        return f"must be a number from {bounds[Ge].ge:g} to {bounds[Le].le:g} with at most two decimals"
    return "must be a whole number" if fault["type"] == "int_type" else str(fault["msg"])


@dataclass(frozen=True)
class Type:
    """An annotation taken apart: the type itself, the type of a list's entries, and bounds or options."""

    kind: Any
    entry: Any = None
    facts: tuple[Any, ...] = ()


def type_at(shape: type, place: Place) -> Type:
    """Return the type at a place of a shape."""
    said = Type(shape)
    for part in place:
        if isinstance(part, int):
            said = _taken_apart(said.entry)
        else:
            field = fields_of(said.kind)[part]
            said = _taken_apart(field.annotation)
            said = replace(said, facts=(*said.facts, *field.metadata))
    return said


def _taken_apart(annotation: Any) -> Type:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        said = _taken_apart(inner[0])
        facts = [*chain.from_iterable(fact.metadata if isinstance(fact, FieldInfo) else [fact] for fact in inner[1:])]
        return replace(said, facts=(*said.facts, *facts))
    if origin in (Union, UnionType):
        return _taken_apart(next(kind for kind in inner if kind is not NoneType))
    if origin is Literal:
        return Type(str, facts=inner)
    return Type(origin, entry=inner[0]) if origin in (list, tuple) else Type(annotation)
