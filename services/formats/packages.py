"""Packages of questions: a zip with a manifest, items of QTI 1.2 or 2.x, and the pictures that they show.

A cartridge holds other things, too; what isn't a question is told by its kind, not dropped silently.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from reasons import Code, Reason
from services.errors import InvalidInput
from services.formats import pictures, xml
from services.formats.base import Finding, Notes, Reading
from services.formats.zips import Archive

MANIFEST = "imsmanifest.xml"
# What programs put before the path of a file in the cartridge.
_BASES = re.compile(r"\$(?:IMS[-_]CC[-_]FILE_?BASE|CANVAS_COURSE_REFERENCE\$/file_contents/course%20files)\$/?")
# Content that is read as questions, or belongs to it.
_OF_QUESTIONS = re.compile(r"imsqti|assessment|associatedcontent|question|learning-application-resource|^$")


@dataclass(frozen=True)
class Place:
    """Gives what a text shows its path in a course: files beside the text in its package, and pictures in addresses."""

    reading: Reading
    notes: Notes
    archive: Archive | None = None
    folder: str = ""

    def __call__(self, address: str) -> str | None:
        if address.startswith("data:"):
            return pictures.embedded(self.reading, self.notes, address)
        if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//", address):
            pictures.elsewhere(self.notes, address)
            return None
        name = _BASES.sub("", unquote(address)).partition("?")[0].partition("#")[0]
        path = self.archive.find(self.folder, name) if self.archive is not None and name else None
        if path is None or self.archive is None:
            pictures.elsewhere(self.notes, name)
            return None
        return pictures.take(self.reading, self.notes, path, self.archive.read(path))


# What reads the root of an XML file: its questions go into the reading. The name of the tests they are in is a tag.
ReadRoot = Callable[[Any, Reading, Archive | None, str, tuple[str, ...]], None]


def _ordered(archive: Archive) -> list[str]:
    paths = [path for path in archive.paths(".xml", ".qti", ".dat") if not path.endswith(MANIFEST)]
    named = [path for resource in resources(archive) for path in resource[1]]
    order = {path: at for at, path in enumerate(dict.fromkeys(named))}
    # Canvas writes each test twice; the one beside the cartridge's own says more.
    better = {path.rpartition("/")[2].partition(".")[0] for path in paths if path.startswith("non_cc_assessments/")}
    kept = [path for path in paths if path.startswith("non_cc_assessments/") or path.partition("/")[0] not in better]
    return sorted(kept, key=lambda path: order.get(path, len(order)))


def resources(archive: Archive) -> list[tuple[str, list[str]]]:
    """Return what a manifest lists: the kind of each resource, and its files."""
    where = next((path for path in archive.paths(MANIFEST)), None)
    if where is None:
        return []
    folder = where.rpartition("/")[0]
    found = []
    for resource in xml.below(xml.parse(archive.read(where), where), "resource"):
        hrefs = [
            str(resource.get("href") or ""),
            *(str(each.get("href") or "") for each in xml.children(resource, "file")),
        ]
        paths = [archive.find(folder, unquote(href)) for href in hrefs if href]
        found.append((str(resource.get("type") or ""), [path for path in paths if path]))
    return found


def keywords(archive: Archive) -> dict[str, tuple[str, ...]]:
    """Return the keywords that a manifest has for each file."""
    where = next(iter(archive.paths(MANIFEST)), None)
    if where is None:
        return {}
    found: dict[str, tuple[str, ...]] = {}
    for resource in xml.below(xml.parse(archive.read(where), where), "resource"):
        path = archive.find(where.rpartition("/")[0], unquote(str(resource.get("href") or "")))
        words = tuple(xml.words(each) for each in xml.below(resource, "keyword") if xml.words(each))
        if path and words:
            found[path] = words
    return found


def note_others(archive: Archive, reading: Reading, read: set[str]) -> None:
    """Tell what a cartridge holds beside questions, by its kind."""
    counted: Counter[str] = Counter()
    for kind, paths in resources(archive):
        is_shown = all(path in read or pictures.is_picture(path) for path in paths)
        if not _OF_QUESTIONS.search(kind.lower()) and not is_shown:
            counted[kind] += 1
    for kind, many in sorted(counted.items()):
        value = f"{kind.partition('_xml')[0]}: {many}"
        reading.findings.append(Finding(0, "", "resource", Reason(Code.MOVE_NO_PLACE, value=value[:200])))


def read(data: bytes, reading: Reading, readers: dict[str, ReadRoot]) -> None:
    """Read every question of a package, by the name of each file's root; a file that is broken hides no other."""
    archive = Archive(data)
    done, named = set[str](), keywords(archive)
    for path in _ordered(archive):
        head = archive.read(path)[:4000].replace(b"\x00", b"")
        found = re.search(rb"<(?:\w+:)?(questestinterop|assessmentItem)[\s>]", head)
        if not found:
            continue
        done.add(path)
        try:
            root = xml.parse(archive.read(path), path)
        except InvalidInput as error:
            if error.reason is None or error.reason.code == Code.IMPORT_ENTITIES:
                raise
            reading.findings.append(Finding(0, "", "file", error.reason))
            continue
        readers[found[1].decode()](root, reading, archive, path, named.get(path, ()))
    note_others(archive, reading, done)


def holds(data: bytes, root: bytes) -> bool:
    """Whether a package has a file with such a root; False for what is no sound archive."""
    try:
        archive = Archive(data)
        heads = (archive.read(path)[:4000].replace(b"\x00", b"") for path in archive.paths(".xml", ".qti", ".dat"))
        return any(re.search(rb"<(?:\w+:)?" + root + rb"[\s>]", head) for head in heads)
    except InvalidInput:
        return False
