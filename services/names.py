"""Names that people give themselves and their things: kept so that others see one, and see it as it is."""

import re
import unicodedata

from services.errors import InvalidInput

# Default_Ignorable_Code_Point of Unicode 16 (DerivedCoreProperties.txt): drawn as nothing.
IGNORABLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# Signs that have a category of their own and no ink: braille without dots, a null note head, blanks of hieroglyphs.
BLANK = re.compile("[\u2800\U0001d159\U00013441\U00013442\ufffc]")
# What joins or varies the characters around it means something only between, or after, visible ones: Persian words,
# emoji of families, flags of Scotland.
JOINERS = "\u200c\u200d"
VARIANTS = "\ufe00-\ufe0f\U000e0020-\U000e007f\U000e0100-\U000e01ef"
LOOSE = re.compile(f"(?<![^\\s])[{JOINERS}{VARIANTS}]+|[{JOINERS}]+(?=\\s|$)")
KEPT = re.compile(f"[{JOINERS}{VARIANTS}]")
DROPPED = re.compile(f"[{IGNORABLE}]")
# More marks on one letter than any language writes cover the lines above and below.
MARKS = 4


def clean(field: str, name: str | None, most: int) -> str:
    """Return the name in one line without invisible characters; raise InvalidInput where nothing is left to see."""
    text = BLANK.sub(" ", unicodedata.normalize("NFC", (name or "")[: most * 20]))
    text = "".join(char for char in text if KEPT.match(char) or _has_ink(char) or char.isspace())
    text = LOOSE.sub("", " ".join(text.split()))
    shown = " ".join(_few_marks(text).split())
    if not any(unicodedata.category(char)[0] in "LNPS" for char in shown):
        raise InvalidInput(field, "Please give a name that others may see.")
    if len(shown) > most:
        raise InvalidInput(field, f"Please use at most {most} characters.")
    return shown


def _has_ink(char: str) -> bool:
    return unicodedata.category(char)[0] != "C" and not DROPPED.match(char)


def _few_marks(text: str) -> str:
    """Drop what is too much on one letter, and marks that stand on nothing."""
    kept, run, is_on_letter = [], 0, False
    for char in text:
        is_mark = unicodedata.category(char)[0] == "M" and not KEPT.match(char)
        run = run + 1 if is_mark else 0
        if is_mark and (not is_on_letter or run > MARKS):
            continue
        kept.append(char)
        is_on_letter = not char.isspace()
    return "".join(kept)
