"""What a program sends for one part of a course, as the reader takes it: JSON for a document, texts for files.

Faults are noted under names of their own: BODY for the document itself, TEXT and ABOUT for its Markdown, and LAB
before the paths of a lab's own files.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from services import markdown
from services.archive.content import line_text
from services.archive.faults import Fault, Faults, control_character
from services.archive.folder import Folder
from services.archive.messages import Place, written
from services.archive.nodes import Node

BODY, LAB = "body", "lab/"
# Markdown that stands in a field of the document is a file of a folder.
TEXT, ABOUT = "body.md", "about.md"


class GivenFolder(Folder):
    """Texts that were sent, beside the files that the course has, which they may show."""

    def __init__(self, texts: Mapping[str, str], beside: Iterable[str], faults: Faults) -> None:
        # What no UTF-8 can be is noted where it is read.
        self._texts = {path: text.encode("utf-8", "surrogatepass") for path, text in texts.items()}
        self._beside = set(beside)
        super().__init__(faults)

    def _list(self) -> Iterator[tuple[str, int]]:
        yield from ((path, len(data)) for path, data in self._texts.items())
        yield from ((path, 0) for path in self._beside)

    def _bytes(self, path: str, limit: int) -> bytes:
        return self._texts[path][: limit + 1]

    def unused(self) -> list[str]:
        """Return the texts that nothing has asked for."""
        return sorted(self._texts.keys() - self._used)


def node(value: Any, folder: Folder, place: Place = ()) -> Node:
    """Return JSON as a document; control characters, and links to files that aren't there, are noted in the folder."""
    if isinstance(value, dict):
        return Node({str(name): node(inner, folder, (*place, str(name))) for name, inner in value.items()}, 1)
    if isinstance(value, list):
        return Node([node(inner, folder, (*place, index)) for index, inner in enumerate(value)], 1)
    if not isinstance(value, str):
        return Node(value, 1)
    control = control_character(value)
    if control:
        folder.faults.add(BODY, 1, written(place), f"holds the control character {control[1]}")
        return Node(None, 1, is_broken=True)
    for link, _line in markdown.files_of(value) if "files/" in value else ():
        path = re.split("[?#]", link)[0]
        if unquote(path) not in folder:
            folder.faults.add(BODY, 1, written(place), f"there is no {path}")
    return Node(line_text(value), 1)


def field_of(fault: Fault) -> str:
    """Return where a fault stands in what was sent; for one elsewhere in the course, its file and field."""
    if fault.file == BODY:
        return fault.field
    if fault.file in (TEXT, ABOUT):
        return fault.file.removesuffix(".md")
    if fault.file.startswith(LAB):
        return f"files.{fault.file.removeprefix(LAB)}"
    return f"{fault.file}: {fault.field}"
