"""A column that holds a reason: JSON in the database, a Reason in Python, NULL where there is none."""

from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

from reasons import Reason


class ReasonColumn(TypeDecorator[Reason]):
    """The type of such a column. It takes nothing but reasons: no sentence is ever stored in it."""

    impl = JSONB(none_as_null=True)
    cache_ok = True

    def process_bind_param(self, value: Reason | None, dialect: Dialect) -> Any:
        """Return what is stored."""
        if value is not None and not isinstance(value, Reason):
            raise TypeError(f"a reason is stored here, not {value!r}")
        return None if value is None else value.as_json()

    def process_result_value(self, value: Any, dialect: Dialect) -> Reason | None:
        """Return the reason that is stored."""
        return None if value is None else Reason.from_json(value)
