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

from services.archive.faults import Faults

MAX_DEPTH = 12
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"[-+]?[0-9]{1,300}\.[0-9]{0,300}([eE][-+][0-9]{1,5})?")
_SPECIAL = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS: dict[str, bool | None] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS |= {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Node:
    """A value and its line: a scalar, a list of nodes, or nodes by key (their line is the key's)."""

    value: Any
    line: int

    def plain(self) -> Any:
        """Return the value without lines."""
        if isinstance(self.value, list):
            return [item.plain() for item in self.value]
        if isinstance(self.value, dict):
            return {key: item.plain() for key, item in self.value.items()}
        return self.value

    def find(self, field: str) -> "Node":
        """Return the node that a path such as `choices[2].text` names, or the nearest one above it."""
        node = self
        for part in re.findall(r"[^.\[\]]+", field):
            child = None
            if isinstance(node.value, dict):
                child = node.value.get(part)
            elif isinstance(node.value, list) and part.isdigit() and 0 < int(part) <= len(node.value):
                child = node.value[int(part) - 1]
            if child is None:
                break
            node = child
        return node


class _Refused(Exception):
    def __init__(self, line: int, message: str) -> None:
        self.line, self.message = line, message
        super().__init__(message)


def parse(text: str, file: str, faults: Faults, first_line: int = 1) -> Node | None:
    """Return the document; None after noting why there is none."""
    try:
        return _document(text, first_line)
    except _Refused as refused:
        faults.add(file, refused.line, "yaml", refused.message)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = (mark.line if mark else 0) + first_line
        faults.add(file, line, "yaml", f"isn't valid YAML: {error.problem or error.context}")
    except yaml.YAMLError:
        faults.add(file, first_line, "yaml", "isn't valid YAML: it holds a character that YAML doesn't allow")
    return None


def _document(text: str, first_line: int) -> Node:
    events = iter(yaml.parse(text, Loader=_Loader))
    root: Node | None = None
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            if root is not None:
                raise _Refused(event.start_mark.line + first_line, "holds a second document (a line of ---)")
            root = _node(next(events), events, first_line, 0)
    return root or Node(None, first_line)


def _node(event: Any, events: Iterator[Any], first_line: int, depth: int) -> Node:
    line = event.start_mark.line + first_line
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
        raise _Refused(line, "anchors (&name) and aliases (*name) aren't allowed")
    if getattr(event, "tag", None) not in (None, "!"):
        raise _Refused(line, f"tags such as {event.tag} aren't allowed")
    if depth > MAX_DEPTH:
        raise _Refused(line, f"is nested over {MAX_DEPTH} levels deep")
    if isinstance(event, yaml.ScalarEvent):
        return Node(_scalar(event.value) if event.implicit[0] else event.value, line)
    if isinstance(event, yaml.SequenceStartEvent):
        items = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            items.append(_node(event, events, first_line, depth + 1))
        return Node(items, line)
    return _mapping(events, line, first_line, depth)


def _mapping(events: Iterator[Any], line: int, first_line: int, depth: int) -> Node:
    fields: dict[str, Node] = {}
    while not isinstance(event := next(events), yaml.MappingEndEvent):
        key = _node(event, events, first_line, depth + 1)
        if not isinstance(event, yaml.ScalarEvent) or event.value == "<<":
            raise _Refused(key.line, "a key must be a plain word")
        if event.value in fields:
            raise _Refused(key.line, f"says {event.value} twice")
        value = _node(next(events), events, first_line, depth + 1)
        fields[event.value] = Node(value.value, key.line)
    return Node(fields, line)


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
