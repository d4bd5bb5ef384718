"""The columns of a row that a worker holds while it works at it; `services/leases.py` alone says what they mean."""

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column


class Leased:
    """Held by `holder` until `leased_until`, or due from `retry_at` on. `tries` counts the tries that failed."""

    leased_until: Mapped[datetime | None]
    retry_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0, server_default="0")
    holder: Mapped[str] = mapped_column(default="", server_default="")


def held_index(table: str) -> Index:
    """Return the index that serves the search for leases of dead workers: few rows are held at a time."""
    return Index(f"ix_{table}_held", "holder", postgresql_where="leased_until IS NOT NULL")
