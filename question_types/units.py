"""Units of measurement as students type them: which ones are the same kind, and how many of one are in another.

Pint knows the units. It takes half a second to load, so the first question that asks for a unit loads it, and a
process that never sees one doesn't.
"""

import re
from fractions import Fraction
from functools import cache
from typing import Any

MAX_LENGTH = 30
_FACTOR = r"(?:[a-zA-Zµμ°ΩÅ]{1,20}|%)(?:\^?-?[1-9])?"
_UNIT = re.compile(rf"{_FACTOR}(?:[*/]{_FACTOR}){{0,5}}")
_RAISED = str.maketrans("⁻¹²³⁴⁵⁶⁷⁸⁹", "-123456789")
_PLAIN = str.maketrans({"·": "*", "⋅": "*", "×": "*", "μ": "µ", "−": "-", "Ω": "Ω"})
_NAMES = {"%": "percent", "°C": "degC", "°F": "degF", "°": "degree", "K": "kelvin"}


@cache
def _registry() -> Any:
    import pint  # noqa: PLC0415  # half a second: see above

    return pint.UnitRegistry(non_int_type=Fraction)


def known(written: str) -> Any:
    """Return a unit as Pint has it; None for what isn't one."""
    plain = re.sub(r"\s*([*/])\s*", r"\1", written.strip().translate(_RAISED).translate(_PLAIN))
    plain = re.sub(r"\s+", "*", plain).replace("**", "^")
    if not plain or len(plain) > MAX_LENGTH or not _UNIT.fullmatch(plain):
        return None
    for name, other in _NAMES.items():
        plain = re.sub(rf"(?<![\w°]){re.escape(name)}(?![\w°])", other, plain)
    try:
        return _registry().parse_units(re.sub(r"(?<=[^\W\d_])\^?(-?\d)", r"**\1", plain))
    except Exception:  # noqa: BLE001  # Pint and the tokenizer below it raise many kinds for what is no unit
        return None


def converted(number: Fraction, unit: Any, other: Any) -> Fraction | None:
    """Return how many of `other` that is; None where the units measure different things."""
    registry = _registry()
    try:
        return Fraction(registry.Quantity(number, unit).to(other).magnitude)
    except Exception:  # noqa: BLE001  # the same
        return None
