"""The safe evaluator of formulas: arithmetic and a few functions of numbers, in floating point, and nothing else."""

import ast
import math
import re
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from simpleeval import InvalidExpression, SimpleEval

from question_types import numbers

MAX_FORMULA = 300
CONSTANTS = {"pi": math.pi, "e": math.e}
FUNCTIONS = {
    **{
        name: getattr(math, name)
        for name in ("sqrt", "sin", "cos", "tan", "asin", "acos", "atan", "exp", "log", "log10")
    },
    **{name: getattr(math, name) for name in ("floor", "ceil", "radians", "degrees")},
    "abs": abs,
    "min": min,
    "max": max,
    "round": round,
}
# What simpleeval can evaluate beside arithmetic.
NOT_ARITHMETIC = (ast.Attribute, ast.Subscript, ast.JoinedStr, ast.FormattedValue)
# What an expression may raise for numbers that it isn't defined for.
UNDEFINED = (
    InvalidExpression,
    ArithmeticError,
    ValueError,
    TypeError,
    LookupError,
    SyntaxError,
    RecursionError,
    MemoryError,
)


def read(formula: str) -> None:
    """Raise one of UNDEFINED for what is no formula: of `a = 1` and `a; b` the evaluator would take a part."""
    ast.parse(_floats(formula), mode="eval")


def compute(formula: str, values: Mapping[str, str]) -> Fraction:
    """Return what a formula makes of these values; raise one of UNDEFINED.

    Floating point only: a power of whole numbers could take all memory.
    """
    names = {**CONSTANTS, **{name: float(value) for name, value in values.items()}}
    evaluator = SimpleEval(functions=FUNCTIONS, names=names)
    for node in NOT_ARITHMETIC:
        evaluator.nodes.pop(node, None)
    made = evaluator.eval(_floats(formula))
    if isinstance(made, bool) or not isinstance(made, (int, float)) or not math.isfinite(made):
        raise ValueError("is no number")
    return Fraction(made)


def number(formula: str, values: Mapping[str, str]) -> Fraction | None:
    """Return what a formula makes of these values; None where it makes nothing, or is too long."""
    if len(formula) > MAX_FORMULA:
        return None
    try:
        read(formula)
        return compute(formula, values)
    except UNDEFINED:
        return None


def said(made: Fraction) -> str:
    """Say a computed number to six figures: its last digits come from floating point."""
    return numbers.say(Decimal(f"{float(made):.6g}"))


def _floats(formula: str) -> str:
    """Write the whole numbers of a formula as decimals, and a power as Python does."""
    return re.sub(r"(?<![\w.])(\d+)(?![\w.])", r"\1.0", formula.replace("^", "**"))
