"""Text that people send each other: made plain before it is kept, so that no page, terminal or log is fooled by it."""

import re
import unicodedata

from services.errors import InvalidInput

# Control sequences of terminals, ECMA-48 5.4 and 5.6: CSI, then OSC, DCS, SOS, PM and APC strings, then the short ones.
ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]"
)
# Marks that change the direction of what follows, UAX 9 table 4 and 2.6: they make a text read as another.
BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
BREAKS = re.compile("\r\n?|[\u2028\u2029\x85]")


def clean(text: str) -> str:
    """Return `text` without escape sequences, control characters and marks of direction; tabs and line breaks stay."""
    text = ESCAPES.sub("", BIDI.sub("", BREAKS.sub("\n", text)))
    return "".join(char for char in text if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cs")).strip()


def sentence(text: str) -> str:
    """Return `text` cleaned and in one line."""
    return " ".join(clean(text).split())


def bounded(field: str, text: str, most: int) -> str:
    """Return `text`, which has at most `most` characters, or raise InvalidInput."""
    if len(text) > most:
        raise InvalidInput(field, f"That is too long: {most:,} characters at most.")
    return text
