"""A YAML document -> a shape, which is a pydantic dataclass. Every fault is noted at the line of its node.

A document with faults is read all the same, without what is wrong in it: other files and other checks may have faults
to tell, and an author mends all of them in one go.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, TypeVar

from annotated_types import MaxLen
from pydantic import TypeAdapter, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticKnownError

from services.archive.faults import Faults
from services.archive.messages import Place, fields_of, message, type_at, written
from services.archive.nodes import Node

# The context in which shapes are made of what is sound alone.
SOUND = {"sound": True}


class Shape:
    """The base of what a document may say."""

    @model_validator(mode="before")
    @classmethod
    def _with_every_field(cls, data: Any, info: ValidationInfo) -> Any:
        if not info.context:
            return data
        given = data if isinstance(data, dict) else {}
        fields = fields_of(cls)
        required = {name: None for name, field in fields.items() if field.is_required()}
        return required | {name: value for name, value in given.items() if name in fields}

    @field_validator("*", mode="wrap")
    @classmethod
    def _without_faults(cls, value: Any, check: Callable[[Any], Any], info: ValidationInfo) -> Any:
        said = type_at(cls, (str(info.field_name),))
        if not info.context:
            # By itself pydantic doesn't say so of a list with a fault in its first entries.
            for fact in said.facts:
                if isinstance(fact, MaxLen) and isinstance(value, list) and len(value) > fact.max_length:
                    facts = {"field_type": "List", "max_length": fact.max_length, "actual_length": len(value)}
                    raise PydanticKnownError("too_long", facts)
            return check(value)
        try:
            return check(value)
        except ValidationError:
            field, kind = fields_of(cls)[str(info.field_name)], said.kind
            if kind in (list, tuple) and isinstance(value, list):
                return kind(item for part in value for item in _sound(check, [part]))
            return kind() if field.is_required() else field.get_default(call_default_factory=True)


T = TypeVar("T", bound=Shape)


class Document(Generic[T]):
    """A file's document: what it says, and where.

    `node` is None for a file that couldn't be parsed; that has been noted, and no other fault of it is.
    """

    def __init__(self, shape: type[T], node: Node | None, file: str, faults: Faults, place: Place = ()) -> None:
        self.file = file
        self._shape, self._place = shape, place
        if node is not None and isinstance(node.value, dict):
            self.node, self._faults = node, faults
        else:
            # One fault says it all; each field as "missing" would only hide it.
            self.node, self._faults = Node({}, node.line if node else 1), Faults()
            if node is not None and not node.is_broken:
                faults.add(file, node.line, "file", "must be a list of `field: value`")
        self.said = self._read()

    def fault(self, message: str, *place: int | str, line: int | None = None) -> None:
        """Note a fault at a place such as ("steps", 0, "title"), unless one has been noted that explains it."""
        node = self.node.at(*place)
        if not node.is_broken:
            self._faults.add(self.file, line or node.line, written((*self._place, *place)), message)

    def parts(self, name: str, shape_of: Callable[[dict[str, Node]], type[Shape]]) -> "Iterator[Document[Any]]":
        """Read each entry of a list as a document of its own, of the shape that its fields ask for."""
        entries = self.node.at(name).value
        for position, node in enumerate(entries if isinstance(entries, list) else []):
            if isinstance(node.value, dict):
                place = (*self._place, name, position)
                yield Document(shape_of(node.value), node, self.file, self._faults, place)

    def has(self, name: str) -> bool:
        """Tell whether a field says something, with faults or without."""
        node = self.node.value.get(name)
        return node is not None and (node.is_broken or node.value not in (None, ""))

    def each(self, name: str, sound: Iterable[Any]) -> list[tuple[Any, int]]:
        """Return the sound entries of a list, each once and with its line; note those that are there again."""
        lines: dict[Any, int] = {}
        entries = self.node.at(name).value if sound else []
        for position, node in enumerate(entries):
            if isinstance(node.value, bool) or node.value not in sound:
                continue
            if node.value in lines:
                self.fault(f"names {node.value} again", name, position)
            lines.setdefault(node.value, node.line)
        return list(lines.items())

    def _read(self) -> T:
        adapter = TypeAdapter(self._shape)
        while True:
            try:
                return adapter.validate_python(self.node.plain())
            except ValidationError as error:
                faults = error.errors(include_url=False)
            # A list that is too long hides what is wrong with its entries: it is cut, and read again.
            long = [fault for fault in faults if fault["type"] == "too_long"]
            for fault in long or faults:
                self.fault(message(self._shape, fault), *fault["loc"])
            if not long:
                return adapter.validate_python(self.node.plain(), context=SOUND)
            for fault in long:
                del self.node.at(*fault["loc"]).value[fault["ctx"]["max_length"] :]


def _sound(check: Callable[[Any], Any], entries: list[Any]) -> Iterable[Any]:
    try:
        return list(check(entries))
    except ValidationError:
        return []
