"""Bytes -> text, whatever program wrote them: a mark of order says UTF-16 or UTF-8; else UTF-8, or Windows-1252."""

import codecs
import re

from reasons import Code
from services.archive.content import unix_lines
from services.formats.base import refused

# A mark of order at the start says which one it is.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Archives, pictures and documents, in which anything may be found.
_BINARY = (b"PK", b"\x89PNG", b"%PDF", b"GIF8", b"\xff\xd8\xff", b"\xd0\xcf\x11\xe0", b"\x1f\x8b")
# What no text holds, and no row keeps.
_UNKEPT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def text_of(data: bytes) -> str:
    """Return the text with Unix line ends; raise InvalidInput where the bytes are none."""
    text = unix_lines(_decoded(data))
    found = _UNKEPT.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        raise refused(Code.IMPORT_NOT_TEXT, line=line, character=f"U+{ord(found[0]):04X}")
    return text


def glimpse(data: bytes) -> str:
    """Return what bytes look like as text, to tell a format by; nothing for what isn't text at all."""
    if data.startswith(_BINARY):
        return ""
    return data.replace(b"\x00", b"").decode("utf-8", "replace").lstrip("\ufeff\ufffd")


def _decoded(data: bytes) -> str:
    encoding = next((encoding for mark, encoding in _MARKS if data.startswith(mark)), "")
    if not encoding and data[:200].count(0) > len(data[:200]) // 4:
        # UTF-16 without a mark: every other byte of Latin letters is empty.
        encoding = "utf-16-le" if data[1:2] == b"\x00" else "utf-16-be"
    try:
        return data.decode(encoding or "utf-8")
    except UnicodeDecodeError as error:
        if encoding:
            raise refused(Code.IMPORT_ENCODING, encoding=encoding.upper()) from error
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError as error:
        raise refused(Code.IMPORT_ENCODING, encoding="UTF-8") from error
