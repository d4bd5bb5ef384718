"""Compare-and-set: one statement changes rows that are still in the state which the caller expects.

No row is read first and written back later: of two callers at once, the second sees what the first has changed.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, inspect, select, update

from extensions import Model, db

Row = TypeVar("Row", bound=Model)


def one(model: type[Row], *where: ColumnElement[bool], **values: Any) -> Row | None:
    """Set columns of the row that matches, and return it refreshed; None where none does (any more)."""
    statement = update(model).where(*where).values(**values).returning(model)
    options = {"populate_existing": True, "synchronize_session": False}
    return db.session.scalars(statement.execution_options(**options)).one_or_none()


def many(model: type[Row], *where: ColumnElement[bool], **values: Any) -> Sequence[Row]:
    """Set columns of all rows that match, and return them refreshed.

    Rows are locked in the order of their keys, so that two callers at once don't wait for each other in a circle.
    """
    (key,) = inspect(model).primary_key
    locked = select(key).where(*where).order_by(key).with_for_update()
    statement = update(model).where(key.in_(locked), *where).values(**values).returning(model)
    options = {"populate_existing": True, "synchronize_session": False}
    return db.session.scalars(statement.execution_options(**options)).all()
