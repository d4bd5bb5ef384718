"""The column type of marks: exact fractions, which SQL sees as decimals that it can compare and add up."""

from decimal import Decimal, localcontext
from fractions import Fraction
from functools import lru_cache
from typing import Any

from sqlalchemy import Dialect, Numeric
from sqlalchemy.types import TypeDecorator

# Shares of a question have denominators up to 26, points and late credit two decimals: a sum of them stays below this.
MAX_DENOMINATOR = 3 * 10**14
# Two fractions with such denominators differ by more than 10^-29, so the decimal tells which one was meant.
PLACES = 30


class Marks(TypeDecorator[Fraction]):
    """Points as a Fraction: a third of a mark three times is a whole one."""

    impl = Numeric(10 + PLACES, PLACES)
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Decimal | None:
        """Write a fraction (or a whole number) to 30 decimal places."""
        if value is None:
            return None
        exact = Fraction(value)
        with localcontext(prec=2 * PLACES):
            return Decimal(exact.numerator) / Decimal(exact.denominator)

    def process_result_value(self, value: Any, dialect: Dialect) -> Fraction | None:
        """Read the fraction that was written."""
        return None if value is None else _read(value)


@lru_cache(maxsize=4096)
def _read(value: Decimal) -> Fraction:
    """Return the fraction that a decimal stands for. A class has few different marks."""
    return Fraction(value).limit_denominator(MAX_DENOMINATOR)


def exact(points: float) -> Fraction:
    """Return an author's points, which have two decimals, as they were written."""
    return Fraction(str(points))
