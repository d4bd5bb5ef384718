"""Pages of long lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, func, select

from extensions import db

Row = TypeVar("Row")
PER_PAGE = 25
MAX_PAGE = 100_000


@dataclass(frozen=True)
class Page(Generic[Row]):
    """One page: `number` counts from 1 to `pages`; `total` counts the rows of all pages."""

    rows: Sequence[Row]
    number: int
    pages: int
    total: int


def clamp(number: int) -> int:
    """Return a page number that an OFFSET can bear."""
    return max(1, min(number, MAX_PAGE))


def paginate(query: Select[*tuple[Any, ...]], number: int, per_page: int = PER_PAGE) -> Page[Any]:
    """Run `query` for page `number`, with a count. A page past the end is empty, not an error."""
    number = clamp(number)
    total = db.session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
    result = db.session.execute(query.limit(per_page).offset((number - 1) * per_page))
    single = len(query.column_descriptions) == 1
    rows = result.scalars().all() if single else result.all()
    return Page(rows, number, max(1, -(-total // per_page)), total)
