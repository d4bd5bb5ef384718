"""YAML with the line of every value, and without its dangers.

Built from the parser's events, so that nothing is ever constructed that wasn't asked for: no aliases (a few
lines of them can mean gigabytes), no tags, no duplicate keys, no second document. Only these plain words
aren't text: null, true, false, whole numbers and decimals. "no", "0755" and "12:30" are what they look like.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from services.archive.content import line_text
from services.archive.faults import Faults, control_character

MAX_DEPTH = 12
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"[-+]?[0-9]{1,300}\.[0-9]{0,300}([eE][-+][0-9]{1,5})?")
_SPECIAL = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS: dict[str, bool | None] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS |= {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Node:
    """A value and its line: a scalar, a list of nodes, or nodes by key (their line is the key's).

    `is_broken` says that what stood there was refused, which has been noted: its value is None. Texts are normalised
    (`line_text`).
    """

    value: Any
    line: int
    is_broken: bool = False

    def plain(self) -> Any:
        """Return the value without lines. A field without a value is a field that isn't there."""
        if isinstance(self.value, list):
            return [item.plain() for item in self.value]
        if isinstance(self.value, dict):
            return {key: item.plain() for key, item in self.value.items() if item.value is not None}
        return self.value

    def at(self, *place: int | str) -> "Node":
        """Return the node at a place such as ("choices", 1, "text"), or the nearest one above it."""
        node = self
        for part in place:
            child = None
            if isinstance(node.value, dict):
                child = node.value.get(part)
            elif isinstance(node.value, list) and isinstance(part, int) and part < len(node.value):
                child = node.value[part]
            if child is None:
                break
            node = child
        return node


class _Refused(Exception):
    def __init__(self, line: int, message: str) -> None:
        self.line, self.message = line, message
        super().__init__(message)


def parse(text: str, file: str, faults: Faults, first_line: int = 1) -> Node | None:
    """Return the document; None after noting why there is none. What is refused is noted, and the rest read on."""
    try:
        return _Document(text, file, faults, first_line).root()
    except _Refused as refused:
        faults.add(file, refused.line, "yaml", refused.message)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = (mark.line if mark else 0) + first_line
        faults.add(file, line, "yaml", f"isn't valid YAML: {error.problem or error.context}")
    except yaml.YAMLError:
        faults.add(file, first_line, "yaml", "isn't valid YAML: it holds a character that YAML doesn't allow")
    return None


class _Document:
    """The events of one document, turned into nodes."""

    def __init__(self, text: str, file: str, faults: Faults, first_line: int) -> None:
        self._events: Iterator[Any] = iter(yaml.parse(text, Loader=_Loader))
        self._file, self._faults, self._first_line = file, faults, first_line

    def root(self) -> Node:
        root: Node | None = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    self._note(event, "", "holds a second document (a line of ---)")
                    break
                root = self._node(next(self._events), "", 0)
        return root or Node(None, self._first_line)

    def _note(self, event: Any, path: str, message: str) -> None:
        self._faults.add(self._file, self._line(event), path or "yaml", message)

    def _line(self, event: Any) -> int:
        return int(event.start_mark.line) + self._first_line

    def _node(self, event: Any, path: str, depth: int) -> Node:
        line = self._line(event)
        if depth > MAX_DEPTH:
            raise _Refused(line, f"is nested over {MAX_DEPTH} levels deep")
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            self._note(event, path, "anchors (&name) and aliases (*name) aren't allowed")
        if isinstance(event, yaml.AliasEvent):
            return Node(None, line, is_broken=True)
        if getattr(event, "tag", None) not in (None, "!"):
            self._note(event, path, f"tags such as {event.tag} aren't allowed")
        if isinstance(event, yaml.ScalarEvent):
            is_plain = event.implicit[0] and event.tag is None
            return self._text(event, path, _scalar(event.value) if is_plain else event.value)
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Node] = []
            while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
                items.append(self._node(event, f"{path}[{len(items) + 1}]", depth + 1))
            return Node(items, line)
        return Node(self._fields(path, depth), line)

    def _text(self, event: Any, path: str, value: Any) -> Node:
        control = control_character(value) if isinstance(value, str) else None
        if control:
            self._note(event, path, f"holds the control character {control[1]}")
            return Node(None, self._line(event), is_broken=True)
        return Node(line_text(value) if isinstance(value, str) else value, self._line(event))

    def _fields(self, path: str, depth: int) -> dict[str, Node]:
        fields: dict[str, Node] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            is_word = isinstance(event, yaml.ScalarEvent) and event.value not in ("", "<<")
            name = event.value if is_word else ""
            inner = f"{path}.{name}" if path and name else path or name
            key = self._node(event, inner, depth + 1)
            value = self._node(next(self._events), inner, depth + 1)
            if not is_word:
                self._note(event, path, "a key must be a plain word")
            elif name in fields:
                self._note(event, inner, f"is said twice, first on line {fields[name].line}")
            else:
                fields[name] = Node(value.value, key.line, value.is_broken)
        return fields


def _scalar(written: str) -> Any:
    if written in _WORDS:
        return _WORDS[written]
    if _INTEGER.fullmatch(written):
        return int(written)
    if _DECIMAL.fullmatch(written):
        return float(written)
    if _SPECIAL.fullmatch(written):
        return float(written.replace(".", ""))
    return written
