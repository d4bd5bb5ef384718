"""Hints of a question: each its text in Markdown and its price, once for archive, API, bank and attempts.

A price is marks with up to two decimals, or per cent of what the question is worth in an attempt; 0 is free.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

MAX_HINTS = 10
MAX_PRICE = 1_000
FREE = "0"
_PERCENT = re.compile(r"(\d{1,3}) ?%")
FAULT = f"must be marks from 0 to {MAX_PRICE:,} with at most two decimals, or a text such as 10%"


@dataclass(frozen=True)
class Hint:
    """A hint as its author wrote it; `price` is what `price_of` returned."""

    text: str
    price: str = FREE

    def cost(self, points: float) -> Fraction:
        """Return what it costs where the question is worth so many marks: never more than those."""
        return cost_of(self.price, points)


def price_of(value: Any) -> str:
    """Return a price as it is kept: "0.5" for marks, "10%" for a share; raise ValueError, which says what is wrong."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(FAULT)
    if isinstance(value, str):
        match = _PERCENT.fullmatch(value.strip())
        if match is None or int(match[1]) > 100:
            raise ValueError(FAULT)
        return f"{int(match[1])}%" if int(match[1]) else FREE
    if not 0 <= value <= MAX_PRICE or round(value, 2) != value:
        raise ValueError(FAULT)
    return f"{value:.2f}".rstrip("0").rstrip(".")


def written_price(price: str) -> int | float | str:
    """Return a price as an author writes it."""
    if price.endswith("%"):
        return price
    number = float(price)
    return int(number) if number == int(number) else number


def cost_of(price: str, points: float) -> Fraction:
    """Return what a kept price is where the question is worth so many marks."""
    worth = Fraction(str(points))
    cost = worth * Fraction(price[:-1]) / 100 if price.endswith("%") else Fraction(price)
    return min(cost, worth)
