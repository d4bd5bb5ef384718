"""What a kept page depends on, by version, and whether all of it still is as it was when the page was made.

A version is a number in PostgreSQL that triggers move in the transaction that changes what it stands for
(models/kept_version.py). Of a leaderboard it is the state of the database that it showed: which transactions had ended.
Versions are read before what a page shows, so that a page is never older than they say.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from database import queries
from models import KeptVersion

# Where a database session has what its first queries saw.
SEEN = "kept_versions"
VERSIONS = "SELECT key, number FROM kept_versions WHERE key = ANY(%(keys)s)"
# 1 where the board of a course still is what a snapshot saw. A snapshot of another database is of the future.
BOARD = """
SELECT 'board', (
    board_epoch = %(epoch)s
    AND pg_snapshot_xmax(%(snapshot)s::pg_snapshot) <= pg_snapshot_xmax(pg_current_snapshot())
    AND NOT EXISTS (
        SELECT FROM course_totals
        WHERE course_id = courses.id AND changed_in >= %(first_open)s
        AND NOT pg_visible_in_snapshot(changed_in::text::xid8, %(snapshot)s::pg_snapshot)
    )
)::int FROM courses WHERE id = %(course_id)s
"""


@dataclass(frozen=True)
class Board:
    """A state of a course's leaderboard."""

    course_id: int
    epoch: int
    snapshot: str


@dataclass(frozen=True)
class Depends:
    """What a page was made of: versions by their keys, and a board where it shows something of one."""

    versions: Mapping[str, int] = field(default_factory=dict)
    board: Board | None = None


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


def changes(engine: Engine, on: Depends) -> set[str]:
    """Return what changed of what a page depends on: keys of versions, and `board`. One statement, standing alone."""
    statement, values = VERSIONS, dict[str, Any](keys=list(on.versions))
    if (board := on.board) is not None:
        statement += " UNION ALL" + BOARD
        values |= {**vars(board), "first_open": int(board.snapshot.split(":")[0])}
    found = dict(ask(engine, statement, values))
    moved = {key for key, number in on.versions.items() if found.get(key, 0) != number}
    return moved if on.board is None or found.get("board") == 1 else {*moved, "board"}


def ask(engine: Engine, statement: str, values: dict[str, Any]) -> list[Any]:
    """Run a statement that stands alone, outside of any transaction; return its rows."""
    began = time.perf_counter()
    connection = engine.raw_connection()
    try:
        driver: Any = connection.driver_connection
        driver.autocommit = True  # no BEGIN, and nothing to end
        try:
            with driver.cursor() as cursor:
                cursor.execute(statement, values)
                rows: list[Any] = cursor.fetchall()
        finally:
            driver.autocommit = False
    finally:
        connection.close()
    queries.note(statement, time.perf_counter() - began, None)
    return rows
