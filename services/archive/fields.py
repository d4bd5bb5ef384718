"""Typed access to the fields of one YAML mapping; whatever doesn't fit is noted with its place."""

import math
import re
from collections.abc import Sequence
from typing import Any

from lab_definition import MAX_LINE
from services.archive.content import line_text
from services.archive.faults import Faults, control_character
from services.archive.nodes import Node

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
MAX_SLUG = 60
MAX_BLOCK = 50_000


class Fields:
    """The fields of a mapping. Ask for each that may be there, then `close()`, which notes all others.

    None stands for a file that couldn't be parsed, which has been noted: nothing more is said about it.
    """

    def __init__(self, node: Node | None, file: str, faults: Faults, path: str = "") -> None:
        self.file = file
        self.path = path
        self.line = node.line if node else 1
        self._asked: set[str] = set()
        self._nodes: dict[str, Node] = {}
        if node is not None and isinstance(node.value, dict):
            self.faults = faults
            self._nodes = node.value
        else:
            # One fault says it all; each field as "missing" would only hide it.
            self.faults = Faults()
            if node is not None and not node.is_broken:
                faults.add(file, self.line, path or "file", "must be a list of `field: value`")

    def fault(self, name: str, message: str, *, line: int | None = None) -> None:
        """Note a fault of the field `name`, unless one has been noted that explains it."""
        node = self._nodes.get(name)
        if node is not None and node.is_broken:
            return
        place = line or (node.line if node else self.line)
        self.faults.add(self.file, place, self.name(name), message)

    def name(self, name: str) -> str:
        """Return the field's path from the root of the file."""
        return f"{self.path}.{name}" if self.path else name

    def node(self, name: str) -> Node | None:
        """Return the field's node; an empty value is none at all."""
        self._asked.add(name)
        node = self._nodes.get(name)
        return None if node is None or node.value is None else node

    def has(self, *names: str) -> bool:
        """Tell whether any of these fields says something, with faults or without."""
        return any(node is not None and node.value != "" for node in map(self.node, names))

    def text(
        self,
        name: str,
        *,
        is_required: bool = False,
        is_block: bool = False,
        pattern: re.Pattern[str] | None = None,
    ) -> str:
        """Return a text, normalised: one line of 200 characters, or a block of 50,000."""
        node = self.node(name)
        if node is None:
            if is_required:
                self.fault(name, "is missing")
            return ""
        if not isinstance(node.value, str):
            self.fault(name, "must be a text (put it in quotes)")
            return ""
        text, limit = line_text(node.value), MAX_BLOCK if is_block else MAX_LINE
        found = control_character(text)
        if found:
            self.fault(name, f"holds the control character {found[1]}")
        elif len(text) > limit:
            self.fault(name, f"is over {limit} characters")
        elif not is_block and "\n" in text:
            self.fault(name, "must be a single line")
        elif is_required and not text:
            self.fault(name, "is empty")
        elif pattern and text and not pattern.fullmatch(text):
            self.fault(name, f"has a wrong form: {text!r}")
        else:
            return text
        return ""

    def slug(self, name: str = "slug") -> str:
        """Return a slug; "" after noting why there is none."""
        text = self.text(name, is_required=True)
        if text and not is_slug(text):
            self.fault(name, SLUG_MESSAGE)
            return ""
        return text

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`."""
        value = self.optional_integer(name, low, high)
        return default if value is None else value

    def optional_integer(self, name: str, low: int, high: int) -> int | None:
        """Return a whole number from `low` to `high`, or None."""
        node = self.node(name)
        if node is None:
            return None
        value = node.value
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.fault(name, f"must be a whole number from {low} to {high}")
            return None
        return value

    def number(self, name: str, default: float, low: float, high: float) -> float:
        """Return a number with at most two decimals from `low` to `high`."""
        node = self.node(name)
        if node is None:
            return default
        value = node.value
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not math.isfinite(value)
            or not low <= value <= high
            or round(value, 2) != value
        ):
            self.fault(name, f"must be a number from {low:g} to {high:g} with at most two decimals")
            return default
        return float(value)

    def flag(self, name: str, default: bool) -> bool:
        """Return true or false."""
        node = self.node(name)
        if node is None:
            return default
        if not isinstance(node.value, bool):
            self.fault(name, "must be true or false")
            return default
        return node.value

    def choice(self, name: str, options: Sequence[str], default: str) -> str:
        """Return one of a few words."""
        node = self.node(name)
        if node is None:
            return default
        if node.value not in options:
            self.fault(name, f"must be one of {', '.join(options)}")
            return default
        return str(node.value)

    def items(self, name: str, *, limit: int, is_required: bool = True) -> list[Node]:
        """Return the entries of a list."""
        node = self.node(name)
        if node is None:
            if is_required:
                self.fault(name, "is missing (an empty list is written [])")
            return []
        if not isinstance(node.value, list):
            self.fault(name, "must be a list (lines that begin with -)")
            return []
        if len(node.value) > limit:
            self.fault(name, f"lists over {limit} entries")
        return node.value[:limit]

    def names(self, name: str, *, limit: int) -> list[tuple[str, int]]:
        """Return the entries of a list of unlike slugs, each with its line."""
        found: dict[str, int] = {}
        for position, node in enumerate(self.items(name, limit=limit), start=1):
            field = f"{name}[{position}]"
            if node.is_broken:
                continue
            if not isinstance(node.value, str) or not is_slug(node.value):
                self.fault(field, SLUG_MESSAGE, line=node.line)
            elif node.value in found:
                self.fault(field, f"names {node.value} again", line=node.line)
            else:
                found[node.value] = node.line
        return list(found.items())

    def integers(self, name: str, *, limit: int, low: int, high: int) -> tuple[int, ...]:
        """Return the entries of a list of unlike whole numbers from `low` to `high`; it may be missing."""
        found: dict[int, None] = {}
        for position, node in enumerate(self.items(name, limit=limit, is_required=False), start=1):
            field, value = f"{name}[{position}]", node.value
            if node.is_broken:
                continue
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                self.fault(field, f"must be a whole number from {low} to {high}", line=node.line)
            elif value in found:
                self.fault(field, f"names {value} again", line=node.line)
            else:
                found[value] = None
        return tuple(found)

    def rest(self) -> dict[str, Any]:
        """Return the fields that weren't asked for, without lines, and count them as asked for."""
        others = {name: node.plain() for name, node in self._nodes.items() if name not in self._asked}
        self._asked |= set(others)
        return others

    def close(self) -> None:
        """Note each field that wasn't asked for."""
        for name in self._nodes:
            if name not in self._asked:
                self.fault(name, "isn't a field here; " + f"it knows {', '.join(sorted(self._asked))}")


def is_slug(text: str) -> bool:
    """Tell whether a text can stand in addresses and file names."""
    return bool(SLUG.fullmatch(text)) and len(text) <= MAX_SLUG


SLUG_MESSAGE = f"must be a-z, 0-9 and single hyphens, at most {MAX_SLUG} characters"


def control_in(value: Any, path: str = "") -> tuple[str, str] | None:
    """Return path and name of the first control character in any text of a plain value, or None."""
    if isinstance(value, str):
        character = control_character(value)
        return (path, character[1]) if character else None
    below: list[tuple[Any, str]] = []
    if isinstance(value, dict):
        for key, item in value.items():
            below += [(key, path), (item, f"{path}.{key}".removeprefix("."))]
    elif isinstance(value, list):
        below = [(item, f"{path}[{position}]") for position, item in enumerate(value, start=1)]
    return next((found for item, place in below if (found := control_in(item, place))), None)
