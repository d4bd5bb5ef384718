"""What fields of forms hold: whole numbers, and times in the zone of whoever typed them."""

import re
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from babel.dates import get_timezone
from flask_babel import gettext as _

from blueprints import shown

_MARKS = re.compile(r"\d{1,6}([.,]\d{1,2})?")


def whole(text: str, field: str, faults: dict[str, str]) -> int | None:
    """Read a whole number; None for an empty field, and for what is none: that is noted."""
    if not text.strip():
        return None
    try:
        return int(text)
    except ValueError:
        faults[field] = _("This must be a whole number.")
        return None


def marks(text: str, field: str, faults: dict[str, str]) -> Fraction | None:
    """Read marks as an author writes points: with up to two decimals, after a point or a comma."""
    if not _MARKS.fullmatch(text.strip()):
        faults[field] = _("This must be a number with at most two decimals.")
        return None
    return Fraction(text.strip().replace(",", "."))


def moment(text: str, field: str, faults: dict[str, str]) -> datetime | None:
    """Read a date and a time in the person's own zone; None as above."""
    if not text.strip():
        return None
    try:
        at = datetime.fromisoformat(text.strip())
        zone: Any = get_timezone(shown.time_zone())
        if at.tzinfo is None:
            at = zone.localize(at) if hasattr(zone, "localize") else at.replace(tzinfo=zone)
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        faults[field] = _("This isn’t a time.")
        return None


def local(at: datetime | None) -> str:
    """Write a time as such a field holds it."""
    return f"{at.astimezone(get_timezone(shown.time_zone())):%Y-%m-%dT%H:%M}" if at else ""
