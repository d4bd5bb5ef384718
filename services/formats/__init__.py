"""Formats of questions: files of other programs in and out. Each is a folder here with a FORMAT, found by being there.

They are loaded at their first use: parsers of XML and HTML are no part of what a page or the scheduler needs.
"""

import importlib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from reasons import Code, Reason
from services.archive.content import QuestionContent
from services.errors import InvalidInput
from services.formats import zips
from services.formats.base import MAX_FILE, MEGABYTE, Format, Reading, Written, refused
from services.formats.settling import settle

FOLDER = Path(__file__).parent


@cache
def every() -> dict[str, Format]:
    """Return each format by its name, those first whose files are told most surely."""
    names = sorted(path.parent.name for path in FOLDER.glob("*/__init__.py"))
    found: dict[str, Format] = {name: importlib.import_module(f"{__name__}.{name}").FORMAT for name in names}
    return dict(sorted(found.items(), key=lambda entry: entry[1].rank))


def readable() -> dict[str, Format]:
    """Return the formats that come in."""
    return {name: each for name, each in every().items() if each.read}


def writable() -> dict[str, Format]:
    """Return the formats that go out."""
    return {name: each for name, each in every().items() if each.write}


def recognised(data: bytes) -> str:
    """Return the name of a file's format; raise InvalidInput where there is none for it."""
    if zips.is_zip(data):
        # What is wrong with it is said better by its own name than by "no format".
        zips.Archive(data)
    for name, each in readable().items():
        if each.looks_like(data):
            return name
    raise refused(Code.IMPORT_FORMAT_UNKNOWN)


def read(data: bytes, wanted: str = "") -> tuple[str, Reading]:
    """Return a file's format, the `wanted` one or what it looks like, and what it holds.

    InvalidInput of "file" says why it isn't taken as a whole; findings tell of single questions.
    """
    if not data:
        raise refused(Code.FILE_EMPTY)
    if len(data) > MAX_FILE:
        raise refused(Code.FILE_TOO_LARGE, most_mb=MAX_FILE // MEGABYTE)
    if wanted and wanted not in readable():
        raise InvalidInput("format", Reason(Code.ONE_OF, choices=", ".join(readable())))
    name = wanted or recognised(data)
    reader, reading = readable()[name].read, Reading()
    assert reader is not None
    reader(data, reading)
    settle(reading)
    if not reading.found and not reading.findings:
        raise refused(Code.IMPORT_NOTHING)
    return name, reading


def write(name: str, questions: Sequence[QuestionContent], files: Mapping[str, bytes]) -> Written:
    """Return questions as a file of a format; raise InvalidInput for a format that doesn't go out."""
    if name not in writable():
        raise InvalidInput("format", Reason(Code.ONE_OF, choices=", ".join(writable())))
    writer = writable()[name].write
    assert writer is not None
    return writer(questions, files)
