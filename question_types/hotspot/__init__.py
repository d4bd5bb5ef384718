"""Hot spot: a place on a picture."""

import re
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

from question_types import numbers, raw, typed
from question_types.base import NOTHING, WHOLE, Frozen, QuestionType, Spec
from reasons import N_, Code, Reason
from services.errors import InvalidInput

MAX_AREAS = 20
MAX_LENGTH = 10
SIDES = ("x", "y")
# A picture of the course as Markdown has it: an import looks whether the file is there.
_PICTURE = re.compile(r"!\[([^\]\n]+)\]\((files/[^\s()?#\\]+)\)")


def parse(written: dict[str, Any]) -> Spec:
    """Read picture (as in Markdown, with its description) and areas (rectangles and ellipses, in per cent of it)."""
    raw.only(written, "picture", "areas")
    picture = raw.text(written, "picture")
    if not _PICTURE.fullmatch(picture) or ".." in picture:
        raise InvalidInput("picture", "must be a picture with its description, as ![description](files/NAME)")
    return {
        "picture": picture,
        "areas": [
            _area(place, area) for place, area in raw.objects(written, "areas", 1, MAX_AREAS, "rectangle", "ellipse")
        ],
    }


def _area(place: str, area: dict[str, Any]) -> dict[str, list[str]]:
    if len(area) != 1:
        raise InvalidInput(place.rstrip("."), "must be either a rectangle or an ellipse")
    [(shape, values)] = area.items()
    if not isinstance(values, list) or len(values) != 4:
        wanted = "x, y, width, height" if shape == "rectangle" else "x, y, half its width, half its height"
        raise InvalidInput(f"{place}{shape}", f"must be four numbers in per cent: {wanted}")
    read = [_percent(f"{place}{shape}[{at}]", value) for at, value in enumerate(values, start=1)]
    if not (read[2] and read[3]):
        raise InvalidInput(f"{place}{shape}", "must have a width and a height above zero")
    return {shape: [numbers.say(value) for value in read]}


def _percent(field: str, value: Any) -> Decimal:
    number = None if isinstance(value, bool) or not isinstance(value, (int, float, str)) else numbers.read(str(value))
    if number is None or not 0 <= number <= 100:
        raise InvalidInput(field, "must be a number from 0 to 100")
    return number


def freeze(spec: Spec, rng: Random, is_shuffled: bool) -> Frozen:
    """Show the picture."""
    found = _PICTURE.fullmatch(spec["picture"])
    return {"description": found[1], "file": found[2]} if found else {}


def clean(spec: Spec, response: Any) -> dict[str, str] | None:
    """Accept how far the place is from the left (x) and from the top (y), in per cent."""
    parts = typed.parts(response, list(SIDES)) or {}
    given = {side: _typed(parts[side]) for side in SIDES if side in parts}
    return {side: text for side, text in given.items() if text is not None} or None


def _typed(value: Any) -> str | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = str(value)
    text = typed.text(value, MAX_LENGTH)
    number = None if text is None else numbers.read(text)
    if text is not None and (number is None or not 0 <= number <= 100):
        raise InvalidInput("response", Reason(Code.PLACE_OUTSIDE))
    return None if text is None else text.strip()


def place_of(response: Any) -> tuple[Fraction, Fraction] | None:
    """Return the place; None where a side is missing."""
    read = [numbers.read((response or {}).get(side, "")) for side in SIDES]
    x, y = read
    return None if x is None or y is None else (Fraction(x), Fraction(y))


def area_at(spec: Spec, response: Any) -> int | None:
    """Return the number of the first area that holds the place."""
    place = place_of(response)
    if place is None:
        return None
    return next((number for number, area in enumerate(spec["areas"], start=1) if _holds(area, *place)), None)


def _holds(area: dict[str, list[str]], x: Fraction, y: Fraction) -> bool:
    [(shape, values)] = area.items()
    left, top, width, height = (Fraction(value) for value in values)
    if shape == "rectangle":
        return left <= x <= left + width and top <= y <= top + height
    return ((x - left) / width) ** 2 + ((y - top) / height) ** 2 <= 1


def grade(spec: Spec, response: Any, frozen: Frozen) -> Fraction:
    """Give everything for a place in one of the areas."""
    return NOTHING if area_at(spec, response) is None else WHOLE


def explain(spec: Spec, response: Any, frozen: Frozen) -> dict[str, Any]:
    """Say where the areas are."""
    said = [f"{shape} {', '.join(values)}" for area in spec["areas"] for shape, values in area.items()]
    return {"solution": "; ".join(said), "areas": spec["areas"], "notes": {}}


def in_words(spec: Spec, response: Any) -> str:
    """Say how far the place is from the left and from the top."""
    return ", ".join(f"{side} {(response or {})[side]} %" for side in SIDES if side in (response or {}))


def buckets(spec: Spec, response: Any) -> list[str]:
    """Count the areas, and places beside them by tenths of the picture."""
    if not response:
        return []
    area, place = area_at(spec, response), place_of(response)
    if area is not None:
        return [str(area)]
    return (
        ["incomplete"]
        if place is None
        else ["x {}-{}, y {}-{}".format(*(edge for side in place for edge in _tenth(side)))]
    )


def _tenth(percent: Fraction) -> tuple[int, int]:
    low = min(int(percent // 10) * 10, 90)
    return low, low + 10


TYPE = QuestionType(
    title=N_("A place in a picture"),
    parse=parse,
    clean=clean,
    grade=grade,
    explain=explain,
    fields=("picture", "areas", "rectangle", "ellipse"),
    freeze=freeze,
    in_words=in_words,
    buckets=buckets,
    labels=lambda spec: {str(number): f"area {number}" for number in range(1, len(spec["areas"]) + 1)},
)
