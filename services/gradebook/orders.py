"""The orders of the gradebook: by name, by grade, by a category, by an activity, up and down.

Whoever has no score there comes last, whichever way; those who are equal stand by name.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from reasons import Code, Reason
from services.errors import InvalidInput
from services.gradebook.grades import parts, weighted
from services.gradebook.schemes import Scheme
from services.gradebook.sources import Cells, exempt, shares

NAME, SO_FAR, TOTAL, CATEGORY, ITEM = "name", "so_far", "total", "category", "item"


@dataclass(frozen=True)
class Order:
    """By what: a name, the grade so far or in total, the category at `place` (from 0), or the activity `item_id`."""

    by: str = NAME
    is_descending: bool = False
    place: int = 0
    item_id: int = 0

    def narrowed(self, scheme: Scheme) -> Scheme:
        """Return as much of a scheme as this order asks for."""
        if self.by == CATEGORY:
            return Scheme((scheme.categories[self.place],))
        if self.by == ITEM:
            of_item = [
                replace(each, items=tuple(item for item in each.items if item.id == self.item_id))
                for each in scheme.categories
            ]
            return Scheme(tuple(each for each in of_item if each.items))
        return scheme

    def sorted(self, scheme: Scheme, people: Sequence[Any], cells: Mapping[int, Cells]) -> list[Any]:
        """Return people, who come by name, in this order; `cells` are of the narrowed scheme."""
        marked = [(self._score(scheme, cells[person.id]), person) for person in people]
        scored = [(score, person) for score, person in marked if score is not None]
        # Stable, also where it is reversed.
        scored.sort(key=lambda pair: pair[0], reverse=self.is_descending)
        return [person for _score, person in scored] + [person for score, person in marked if score is None]

    def _score(self, scheme: Scheme, cells: Cells) -> Fraction | None:
        if self.by == ITEM:
            cell = cells.get(self.item_id)
            return None if cell is None or cell.is_exempt else cell.share
        missing = Fraction(0) if self.by == TOTAL else None
        found = parts(scheme, shares(cells), exempt(cells), missing=missing)
        return found[0].share if self.by == CATEGORY else weighted(scheme, found)


def read(scheme: Scheme, sort: str, *, is_descending: bool) -> Order:
    """Read an order as addresses say it: `name`, `so_far`, `total`, `category:2` (from 1), `item:SLUG`."""
    by, _colon, rest = sort.partition(":")
    if by in (NAME, SO_FAR, TOTAL) and not rest:
        return Order(by, is_descending)
    if by == CATEGORY and rest in _places(scheme.categories):
        return Order(by, is_descending, place=int(rest) - 1)
    item = next((each for each in scheme.items if by == ITEM and each.slug == rest), None)
    if item is None:
        raise InvalidInput("sort", Reason(Code.ORDER_UNKNOWN))
    return Order(by, is_descending, item_id=item.id)


def _places(categories: Collection[Any]) -> set[str]:
    return {str(place) for place in range(1, len(categories) + 1)}
