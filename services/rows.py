"""Many rows as one parameter of a statement, so that it is as short for a class of 5,000 as for one of five.

A VALUES list has a parameter for each cell, which takes seconds to build for a large class.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from fractions import Fraction
from functools import lru_cache
from typing import Any

from sqlalchemy import TableValuedAlias, Text, bindparam, cast, column, func
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

from models.marks import Marks

DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]  # theirs
MARKS = Marks()


def given(rows: Iterable[Sequence[Any]], name: str = "given", /, **types: TypeEngine[Any]) -> TableValuedAlias:
    """Return rows as a table whose columns have these names and types, in the order of the cells.

    Cells are None, texts, numbers, exact marks, and times.
    """
    names = list(types)
    said = json.dumps([dict(zip(names, map(_cell, row), strict=True)) for row in rows])
    columns = [column(each, kind) for each, kind in types.items()]
    table = func.jsonb_to_recordset(cast(bindparam(None, said, type_=Text()), JSONB)).table_valued(*columns, name=name)
    return table.render_derived(name=name, with_types=True)


def _cell(value: Any) -> Any:
    if isinstance(value, Fraction):
        return _decimal(value.numerator, value.denominator)
    return value.isoformat() if isinstance(value, datetime) else value


@lru_cache(maxsize=1024)
def _decimal(numerator: int, denominator: int) -> str:
    """Return marks as they are kept. A class has few different ones."""
    return str(MARKS.process_bind_param(Fraction(numerator, denominator), DIALECT))
