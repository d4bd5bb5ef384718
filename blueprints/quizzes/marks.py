"""Marks in the shapes of the API."""

from fractions import Fraction
from typing import Annotated

from pydantic import BeforeValidator

# An exact fraction inside, the nearest number of JSON outside.
Marks = Annotated[float, BeforeValidator(lambda value: float(value) if isinstance(value, Fraction) else value)]
