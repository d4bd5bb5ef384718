"""The column types that every model shares."""

from datetime import UTC, datetime
from typing import Annotated

from sqlalchemy import BigInteger, Identity
from sqlalchemy.orm import mapped_column

Id = Annotated[int, mapped_column(BigInteger, Identity(), primary_key=True)]


def utcnow() -> datetime:
    """Return the time, UTC-aware."""
    return datetime.now(UTC)
