"""QTI 2.1 and 2.2, in and out: items of `assessmentItem`, alone or in a package with a manifest and pictures."""

import re

from services.formats import packages, xml, zips
from services.formats.base import Format, Reading
from services.formats.qti21.reading import read_root
from services.formats.qti21.writing import write


def looks_like(data: bytes) -> bool:
    """Whether its root is an item of QTI 2, or a file of its package has that root."""
    if zips.is_zip(data):
        return packages.holds(data, b"assessmentItem")
    return bool(re.search(rb"<(?:\w+:)?assessmentItem[\s>]", data.replace(b"\x00", b"")[:4000]))


def read(data: bytes, reading: Reading) -> None:
    """Read an item, or those of a package."""
    if zips.is_zip(data):
        packages.read(data, reading, {"assessmentItem": read_root})
    else:
        read_root(xml.parse(data), reading, None, "", ())


FORMAT = Format(
    title="QTI 2.1",
    rank=50,
    ending="qti21.zip",
    media_type="application/zip",
    looks_like=looks_like,
    read=read,
    write=write,
)
