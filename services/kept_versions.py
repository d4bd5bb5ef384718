"""What a kept page depends on, by version. Whether all of it still is as it was, `kept_asks.py` finds out.

A version is a number in PostgreSQL that triggers move in the transaction that changes what it stands for
(models/kept_version.py). Of a leaderboard it is the state of the database that it showed: which transactions had ended.
Versions are read before what a page shows, so that a page is never older than they say.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import KeptVersion

# Where a database session has what its first queries saw.
SEEN = "kept_versions"


@dataclass(frozen=True)
class Board:
    """A state of a course's leaderboard."""

    course_id: int
    epoch: int
    snapshot: str


@dataclass(frozen=True)
class Depends:
    """What a page was made of: versions by their keys, and a board or a fresh attempt where it shows one."""

    versions: Mapping[str, int] = field(default_factory=dict)
    board: Board | None = None
    # An attempt that it shows as it was begun.
    attempt: int | None = None


def person(user_id: int) -> str:
    """Name what is a person's own: attempts, what is done, points, places in courses."""
    return f"person:{user_id}"


def course(course_id: int) -> str:
    """Name what everybody in a course sees: its contents and settings, and what somebody is granted."""
    return f"course:{course_id}"


def people(course_id: int) -> str:
    """Name who is in a course, and what they go by."""
    return f"people:{course_id}"


def number(key: Any) -> Any:
    """Return a column with the version of a key, for a query that reads it with something else."""
    return func.coalesce(
        select(KeptVersion.number).where(KeptVersion.key == key).correlate_except(KeptVersion).scalar_subquery(), 0
    )


def saw(session: Session, versions: Mapping[str, int]) -> None:
    """Note what a query saw. Of a transaction's several the first counts."""
    known: dict[str, int] = session.info.setdefault(SEEN, {})
    for key, seen in versions.items():
        known.setdefault(key, seen)


def depends(session: Session, keys: Iterable[str]) -> Depends | None:
    """Return what a page depends on, as it was seen before the page was made; None where something wasn't."""
    known: dict[str, int] = session.info.get(SEEN, {})
    versions = {key: known[key] for key in keys if key in known}
    return Depends(versions) if len(versions) == len(set(keys)) else None
