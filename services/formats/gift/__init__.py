"""GIFT: Moodle's plain text of questions, in and out. The grammar is that of docs.moodle.org/en/GIFT_format."""

import re

from services.formats.base import Format
from services.formats.decoding import glimpse
from services.formats.gift.reading import read
from services.formats.gift.writing import write


def looks_like(data: bytes) -> bool:
    """Whether there are answers in braces, or a category."""
    text = glimpse(data)
    if text.lstrip("\ufeff \n\r\t").startswith(("<", '{"', "[{", '["')):
        return False
    return bool(re.search(r"(?<!\\)\{(?:\\.|[^{}\\])*\}|^[ \t]*\$CATEGORY:", text, re.MULTILINE))


FORMAT = Format(
    title="GIFT", rank=70, ending="gift.txt", media_type="text/plain", looks_like=looks_like, read=read, write=write
)
