"""The grade: a pure function of a scheme and a student's scores. Exact fractions; they are rounded where shown."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from services.gradebook.schemes import Category, Scheme

Shares = Mapping[int, Fraction | None]


@dataclass(frozen=True)
class Part:
    """The share earned in a category, and the items that were dropped from it. None: nothing in it counts yet."""

    share: Fraction | None
    dropped: frozenset[int]


@dataclass(frozen=True)
class Grade:
    """A student's grade, from 0 to 1, or above it by extra credit; `parts` are its categories in their order.

    `so_far` is of what has a score; in `total` what has none counts as nothing.
    """

    so_far: Fraction | None
    total: Fraction | None
    parts: tuple[Part, ...]
    total_parts: tuple[Part, ...]


def grade(scheme: Scheme, shares: Shares, exempt: Collection[int] = ()) -> Grade:
    """Return the grade for the shares, 0 to 1, that a student has earned of items; None or missing is no score yet.

    What is exempt doesn't count at all. Categories without anything that counts leave their weight to the others.
    """
    so_far = parts(scheme, shares, exempt, missing=None)
    total = parts(scheme, shares, exempt, missing=Fraction(0))
    return Grade(weighted(scheme, so_far), weighted(scheme, total), so_far, total)


def parts(scheme: Scheme, shares: Shares, exempt: Collection[int], *, missing: Fraction | None) -> tuple[Part, ...]:
    """Return what was earned in each category; `missing` is what an item counts that has no score, None for nothing."""
    return tuple(_part(category, shares, exempt, missing) for category in scheme.categories)


def weighted(scheme: Scheme, parts: Iterable[Part]) -> Fraction | None:
    """Return the grade that the parts of a scheme make."""
    return _weighted(scheme.categories, parts)


def _part(category: Category, shares: Shares, exempt: Collection[int], missing: Fraction | None) -> Part:
    """Return the mean of a category's items without the lowest ones; extra items add to the sum, not to the number."""
    scored = [(_share(shares, item.id, missing), item) for item in category.items if item.id not in exempt]
    asked = [(share, item.id) for share, item in scored if share is not None and not item.is_extra]
    extra = sum((share for share, item in scored if share is not None and item.is_extra), Fraction(0))
    if not asked:
        return Part(None, frozenset())
    if category.drop_lowest:
        asked.sort()
    # One always stays. Of equal ones it doesn't matter which is dropped.
    dropped = asked[: min(category.drop_lowest, len(asked) - 1)]
    kept = asked[len(dropped) :]
    share = (sum((share for share, _id in kept), Fraction(0)) + extra) / len(kept)
    return Part(share, frozenset(item_id for _share, item_id in dropped))


def _share(shares: Shares, item_id: int, missing: Fraction | None) -> Fraction | None:
    share = shares.get(item_id)
    return missing if share is None else share


def _weighted(categories: Iterable[Category], parts: Iterable[Part]) -> Fraction | None:
    pairs = [(category, part.share) for category, part in zip(categories, parts, strict=True)]
    counted = [(category.weight, share) for category, share in pairs if share is not None and not category.is_extra]
    if not counted:
        return None
    weights = sum((weight for weight, _share in counted), Fraction(0))
    earned = sum((weight * share for weight, share in counted), Fraction(0)) / weights
    # Extra categories add what they say of the whole course, however much of it is graded yet.
    whole = sum((category.weight for category, _share in pairs if not category.is_extra), Fraction(0))
    extra = sum((c.weight * share for c, share in pairs if share is not None and c.is_extra), Fraction(0))
    return earned + extra / whole
