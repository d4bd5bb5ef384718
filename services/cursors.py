"""Cursor pages: a list goes on after the row that was seen last, so none is missed or given twice while others write.

A cursor is opaque to who holds it: the row's place in the order, and its id.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, tuple_

from extensions import db
from services.errors import InvalidInput

Row = TypeVar("Row")


@dataclass(frozen=True)
class Slice(Generic[Row]):
    """Some rows of a list, and the cursor that goes on with it; None at its end."""

    rows: Sequence[Row]
    after: str | None


def slice_of(
    query: Select[Any], orders: Mapping[str, Any], sort: str, id_column: Any, *, after: str | None, per_page: int
) -> Slice[Any]:
    """Run a query for the rows behind a cursor; `sort` is one of `orders`, with `-` before it from the other end.

    Raise InvalidInput for an order that there isn't, and for a cursor of another order or none of ours. The columns of
    `orders` hold no NULL. Entities come alone or first in their rows.
    """
    name, is_down = sort.removeprefix("-"), sort.startswith("-")
    if name not in orders:
        raise InvalidInput("sort", f"must be one of {', '.join(orders)}, with - before it for the other end first")
    keys = (orders[name], id_column)
    if after is not None:
        seen = tuple_(*_read(after, sort, orders[name]))
        query = query.where(tuple_(*keys) < seen if is_down else tuple_(*keys) > seen)
    rows = db.session.execute(
        query.add_columns(*keys).order_by(*(key.desc() if is_down else key for key in keys)).limit(per_page + 1)
    ).all()
    shown = rows[:per_page]
    last = shown[-1][-2:] if len(rows) > per_page else None
    return Slice([row[0] for row in shown], _written(sort, *last) if last is not None else None)


def _written(sort: str, value: Any, row_id: int) -> str:
    said = value.isoformat() if isinstance(value, datetime) else value
    return base64.urlsafe_b64encode(json.dumps([sort, said, row_id]).encode()).decode().rstrip("=")


def _read(cursor: str, sort: str, column: Any) -> tuple[Any, int]:
    kind = column.type.python_type
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        was, value, row_id = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        value = datetime.fromisoformat(value) if kind is datetime else value
        is_sound = isinstance(value, kind) and not isinstance(value, bool) and "\0" not in str(value)
        if was != sort or not is_sound or not isinstance(row_id, int) or not 0 <= row_id < 2**63:
            raise ValueError(cursor)
        if isinstance(value, int) and abs(value) >= 2**63 or isinstance(value, datetime) and value.tzinfo is None:
            raise ValueError(cursor)
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidInput("after", "isn't a cursor that this list gave, in this order") from error
    return value, row_id
