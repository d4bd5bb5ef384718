"""Rubrics of questions: what a grader may find in an answer and what that is worth, once for archive, API and grading.

An item gives points, or takes some off. Marks start from nothing, or from all of them where every item takes off, and
stay between the two.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

MAX_ITEMS = 20
MAX_TEXT = 500
MOST_POINTS = 1_000


@dataclass(frozen=True)
class RubricItem:
    """A line of a rubric. Its slug stays when its words or points change, so that what was chosen stays chosen."""

    slug: str
    text: str
    points: float

    def kept(self) -> dict[str, Any]:
        """Return it as a version keeps it."""
        return asdict(self)


def read(kept: Iterable[Mapping[str, Any]]) -> tuple[RubricItem, ...]:
    """Return the rubric that a version keeps."""
    return tuple(RubricItem(each["slug"], each["text"], each["points"]) for each in kept)


def marks(rubric: Sequence[RubricItem], chosen: Collection[str], most: Fraction) -> Fraction:
    """Return the marks of an answer in which these items were found, of `most`; items that there aren't are nothing."""
    takes_off = bool(rubric) and all(item.points < 0 for item in rubric)
    found = sum((Fraction(str(item.points)) for item in rubric if item.slug in chosen), Fraction(0))
    return within((most if takes_off else Fraction(0)) + found, most)


def within(value: Fraction, most: Fraction) -> Fraction:
    """Return marks between nothing and all."""
    return min(max(value, Fraction(0)), most)


@dataclass(frozen=True)
class Choice:
    """What a grader chose for an answer, and by how much they gave other marks than that makes."""

    chosen: tuple[str, ...]
    adjustment: Fraction = Fraction(0)

    def marks(self, rubric: Sequence[RubricItem], most: Fraction) -> Fraction:
        """Return what the choice is worth by a rubric."""
        return within(marks(rubric, self.chosen, most) + self.adjustment, most)

    def kept(self) -> dict[str, Any]:
        """Return it as an answer's row keeps it."""
        return {"chosen": list(self.chosen), "adjustment": str(self.adjustment)}


def choice_of(kept: Mapping[str, Any] | None) -> Choice | None:
    """Return the choice that a row keeps; None where the marks were given without a rubric."""
    return None if kept is None else Choice(tuple(kept["chosen"]), Fraction(kept["adjustment"]))
