"""Numbers as people write them: a decimal point or comma, thousands in groups, any script's digits, any minus.

Decimal arithmetic, so that 0.1 + 0.2 is 0.3. What can be read in two ways has one reading here, which is shown to
whoever wrote it: a single comma is a decimal comma.
"""

import re
import unicodedata
from decimal import Context, Decimal, InvalidOperation

from question_types import writing

MAX_EXPONENT = 100
# Digits enough for all that is accepted, so that nothing is rounded.
_EXACT = Context(prec=400)
# Beyond so many digits a number is shown with a power of ten.
MAX_PLAIN = 15
# Digits that stand for something else than themselves: 10² isn't 102.
_RAISED = ("<super>", "<sub>", "<circle>", "<fraction>", "<square>")
_WRITTEN = re.compile(r"([+-]?) ?([\d., _'\u2019]+?)(?:[eE]([+-]?\d{1,9}))?")
_GROUPS = r"\d{1,3}(?:%s\d{2,3})*%s\d{3}"
_AMBIGUOUS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")


def read(written: str) -> Decimal | None:
    """Return the number, or None for what isn't one."""
    if any(unicodedata.decomposition(character).startswith(_RAISED) for character in written):
        return None
    parts = _WRITTEN.fullmatch(_plain(written))
    body = _ungrouped(parts[2]) if parts else None
    if parts is None or body is None:
        return None
    try:
        number = Decimal(f"{parts[1]}{body}e{parts[3] or 0}")
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) <= MAX_EXPONENT else None


def is_ambiguous(written: str) -> bool:
    """Say whether a comma may part thousands as well as decimals: 1,000 is one, or a thousand."""
    return _AMBIGUOUS.fullmatch(_plain(written)) is not None


def say(number: Decimal) -> str:
    """Write the number in plain digits, or with a power of ten where it is too long."""
    shortest = number.normalize(_EXACT)
    if not shortest:
        return "0"
    digits, exponent = shortest.as_tuple().digits, int(shortest.as_tuple().exponent)
    is_short = max(len(digits), abs(shortest.adjusted()) + 1, -exponent) <= MAX_PLAIN
    return format(shortest, "f") if is_short else f"{shortest:E}".replace("E", "e")


def _plain(written: str) -> str:
    seen = writing.plain_hyphens(writing.spaced(writing.visible(written)))
    return seen.replace("\u066b", ".").replace("\u066c", "'")


def _ungrouped(body: str) -> str | None:
    """Return digits with at most a point; None where the separators make no number."""
    point = max(body.rfind("."), body.rfind(","))
    marks = [mark for mark in body if mark in ".,"]
    if len(marks) > 1 and len(set(marks)) == 1:
        whole, rest, group = body, "", re.escape(marks[0])  # 1,000,000
    elif len(marks) > 1:
        whole, rest = body[:point], body[point + 1 :]  # 1.234,5 and 1,234.5: the last one parts decimals
        group = re.escape(marks[0])
    else:
        whole, rest = (body[:point], body[point + 1 :]) if marks else (body, "")
        group = "[ _'\u2019]"
    if not re.fullmatch(r"\d*", rest) or not re.fullmatch(rf"\d*|{_GROUPS % (group, group)}", whole):
        return None
    digits = re.sub(r"\D", "", whole)
    return f"{digits}.{rest}" if rest else digits or None
