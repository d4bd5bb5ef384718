"""Finding names as people write them: whatever their case, accents and width of letters."""

import re
import unicodedata
from typing import Any

from sqlalchemy import ColumnElement, String, func, literal, literal_column

# What NFKD parts from a letter (Unicode block Combining Diacritical Marks).
MARKS = "[\u0300-\u036f]"


def finds(column: Any, words: str) -> ColumnElement[bool]:
    """Match the texts of a column in which the words stand, by their letters alone: "zoe" finds "Zoë"."""
    return func.strpos(_letters(column), _letters(literal(_plain(words), String))) > 0


def _letters(text: Any) -> ColumnElement[str]:
    parted = func.regexp_replace(func.normalize(text, literal_column("NFKD")), MARKS, "", "g")
    return func.lower(parted)


def _plain(words: str) -> str:
    return re.sub(MARKS, "", unicodedata.normalize("NFKD", words))
