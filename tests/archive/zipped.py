"""Courses as zips: the sound one, and hostile ones."""

import io
import stat
import struct
import zipfile
from collections.abc import Mapping

from tests.archive.folders import COURSE


def packed(changes: Mapping[str, str | bytes | None] | None = None, *, below: str = "") -> bytes:
    """Return the sound course as a zip, with some files changed, added or (None) left out."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**COURSE, **(changes or {})}.items():
            if content is not None:
                archive.writestr(below + name, content)
    return made.getvalue()


def with_entry(name: str, data: bytes = b"x", *, mode: int = stat.S_IFREG | 0o644, times: int = 1) -> bytes:
    """Return the sound course with one entry more, called whatever."""
    made = io.BytesIO(packed())
    with zipfile.ZipFile(made, "a", zipfile.ZIP_DEFLATED) as archive:
        for _ in range(times):
            entry = zipfile.ZipInfo("placeholder")
            entry.filename = entry.orig_filename = name
            entry.external_attr = mode << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return made.getvalue()


def lying(name: str, says: int) -> bytes:
    """Return the sound course with an entry that says another size than it has."""
    data = bytearray(with_entry(name, b"\0" * 1000))
    for signature, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = data.rindex(signature)
        data[at + offset : at + offset + 4] = struct.pack("<I", says)
    return bytes(data)


def encrypted(name: str) -> bytes:
    """Return the sound course with an entry that says it is encrypted."""
    data = bytearray(with_entry(name))
    for signature, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        at = data.rindex(signature)
        data[at + offset] |= 1
    return bytes(data)
