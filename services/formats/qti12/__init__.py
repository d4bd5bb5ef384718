"""QTI 1.2: items of `questestinterop`, alone or in a package, as Canvas and others export them. Read only."""

import re

from services.formats import packages, xml, zips
from services.formats.base import Format, Reading
from services.formats.qti12.reading import read_root
from services.formats.qti21.reading import read_root as read_item

READERS: dict[str, packages.ReadRoot] = {"questestinterop": read_root, "assessmentItem": read_item}


def looks_like(data: bytes) -> bool:
    """Whether its root is that of QTI 1.2, or a file of its package has that root."""
    if zips.is_zip(data):
        return packages.holds(data, b"questestinterop")
    return bool(re.search(rb"<(?:\w+:)?questestinterop[\s>]", data.replace(b"\x00", b"")[:4000]))


def read(data: bytes, reading: Reading) -> None:
    """Read the items of a file or a package."""
    if zips.is_zip(data):
        packages.read(data, reading, READERS)
    else:
        read_root(xml.parse(data), reading, None, "", ())


FORMAT = Format(title="QTI 1.2", rank=40, looks_like=looks_like, read=read)
