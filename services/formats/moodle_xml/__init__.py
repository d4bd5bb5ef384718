"""Moodle XML, in and out: what Moodle's question bank exports, as docs.moodle.org/en/Moodle_XML_format has it."""

import re

from services.formats.base import Format
from services.formats.moodle_xml.reading import read
from services.formats.moodle_xml.writing import write


def looks_like(data: bytes) -> bool:
    """Whether its root is a quiz."""
    return bool(re.search(rb"<quiz[\s/>]", data.replace(b"\x00", b"")[:4000]))


FORMAT = Format(
    title="Moodle XML",
    rank=20,
    ending="xml",
    media_type="application/xml",
    looks_like=looks_like,
    read=read,
    write=write,
)
