"""What authors write, checked field by field: a reader returns the value, or raises InvalidInput with its name."""

import re
from typing import Any

from question_types import writing
from services.errors import InvalidInput

# What no database keeps.
UNKEPT = re.compile(r"[\x00\ud800-\udfff]")


def only(raw: dict[str, Any], *allowed: str, inside: str = "") -> None:
    """Refuse fields that aren't known, so that a misspelt one isn't silently dropped."""
    for name in raw:
        if name not in allowed:
            known = f"it knows {', '.join(allowed)}"
            raise InvalidInput(f"{inside}{name}", f"isn't a field here; {known}")


def text(raw: dict[str, Any], name: str, default: str | None = None, *, inside: str = "") -> str:
    """Return a text without the spaces around it; without a default there must be one that can be seen."""
    value = raw.get(name, default)
    if not isinstance(value, str):
        raise InvalidInput(f"{inside}{name}", "must be a text (put it in quotes)")
    if UNKEPT.search(value):
        raise InvalidInput(f"{inside}{name}", "must be a text of Unicode without NUL characters")
    if default is None and not writing.visible(value).strip():
        raise InvalidInput(f"{inside}{name}", "must hold a character that can be seen")
    return value.strip()


def flag(raw: dict[str, Any], name: str, *, default: bool = False, inside: str = "") -> bool:
    """Return true or false."""
    value = raw.get(name, default)
    if not isinstance(value, bool):
        raise InvalidInput(f"{inside}{name}", "must be true or false")
    return value


def whole(raw: dict[str, Any], name: str, low: int, high: int, default: int | None = None) -> int:
    """Return a whole number within its bounds, or the default where there is none."""
    value = raw.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InvalidInput(name, f"must be a whole number from {low} to {high}")
    return value


def listed(raw: dict[str, Any], name: str, low: int, high: int, *, inside: str = "") -> list[Any]:
    """Return a list with so many entries."""
    value = raw.get(name)
    if not isinstance(value, list) or not low <= len(value) <= high:
        raise InvalidInput(f"{inside}{name}", f"must be a list of {low} to {high} entries")
    return value


def texts(raw: dict[str, Any], name: str, low: int, high: int, *, inside: str = "") -> list[str]:
    """Return a list of so many texts that can be seen."""
    values = listed(raw, name, low, high, inside=inside)
    return [text({place: value}, place) for place, value in _places(f"{inside}{name}", values)]


def objects(raw: dict[str, Any], name: str, low: int, high: int, *allowed: str) -> list[tuple[str, dict[str, Any]]]:
    """Return a list of objects that have these fields alone, each with the start of its fields' names."""
    values = listed(raw, name, low, high)
    for place, value in _places(name, values):
        if not isinstance(value, dict):
            raise InvalidInput(place, f"must have the fields {', '.join(allowed)}")
        only(value, *allowed, inside=f"{place}.")
    return [(f"{place}.", value) for place, value in _places(name, values)]


def _places(name: str, values: list[Any]) -> list[tuple[str, Any]]:
    return [(f"{name}[{number}]", value) for number, value in enumerate(values, start=1)]
