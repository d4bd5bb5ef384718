"""Settling what many people have from one source, in a handful of statements: what `points.settle` does for each."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, DateTime, Integer, Text, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert

from extensions import db
from models import CourseTotal, PointEntry
from models.points import Kind
from services import live, rows
from services.leaderboards import standings
from services.leaderboards.points import Given

TIME = DateTime(timezone=True)


def settle(
    course_id: int, source: str, worth: Mapping[int, int], *, kind: Kind, given: Given | None, now: datetime
) -> dict[int, int]:
    """Make the entries that these people have from `source` add up to what it is worth for each, which may be less.

    Return how much each new entry says. Totals are locked in the order of the people's IDs.
    """
    held = _held(source, worth)
    changed = sorted(user_id for user_id, points in worth.items() if points != held.get(user_id, (0, 0))[0])
    if not changed:
        return {}
    times = _lock(course_id, changed, now)
    # What somebody else has settled meanwhile is seen now.
    held = _held(source, changed)
    entries = {}
    for user_id in changed:
        before, number = held.get(user_id, (0, 0))
        if worth[user_id] != before:
            # Of one person, entries never go back in time.
            entries[user_id] = (worth[user_id] - before, number + 1, max(now, times[user_id]))
    if entries:
        _write(course_id, source, kind, given, entries)
        live.board_changed(course_id)
    return {user_id: delta for user_id, (delta, _number, _at) in entries.items()}


def held(source: str, user_ids: Collection[int]) -> dict[int, int]:
    """Return what each of these people has from a source; who has no entry is left out."""
    return {user_id: points for user_id, (points, _number) in _held(source, user_ids).items()}


def _held(source: str, user_ids: Collection[int]) -> dict[int, tuple[int, int]]:
    """Return the sum of each person's entries of a source, and the number of the last one."""
    query = (
        select(PointEntry.user_id, func.sum(PointEntry.points), func.max(PointEntry.number))
        .where(PointEntry.user_id.in_(user_ids), PointEntry.source == source)
        .group_by(PointEntry.user_id)
    )
    return {user_id: (int(points), number) for user_id, points, number in db.session.execute(query)}


def _lock(course_id: int, user_ids: list[int], now: datetime) -> dict[int, datetime]:
    """Hold the totals of these people until the commit; return when each last changed."""
    people = rows.given(([user_id] for user_id in user_ids), user_id=BigInteger())
    fresh = select(people.c.user_id, literal(course_id), literal(0), literal(now, TIME), literal(now, TIME))
    names = ["user_id", "course_id", "points", "reached_at", "changed_at"]
    db.session.execute(
        insert(CourseTotal).from_select(names, fresh.order_by(people.c.user_id)).on_conflict_do_nothing()
    )
    query = select(CourseTotal.user_id, CourseTotal.changed_at).where(
        CourseTotal.course_id == course_id, CourseTotal.user_id.in_(user_ids)
    )
    return dict(db.session.execute(query.order_by(CourseTotal.user_id).with_for_update()).tuples().all())


def _write(
    course_id: int, source: str, kind: Kind, given: Given | None, entries: Mapping[int, tuple[int, int, datetime]]
) -> None:
    moved = rows.given(
        [(user_id, *entry) for user_id, entry in entries.items()],
        "moved",
        user_id=BigInteger(),
        delta=Integer(),
        number=Integer(),
        at=TIME,
    )
    said: dict[str, ColumnElement[Any]] = {
        "course_id": literal(course_id),
        "source": literal(source),
        "kind": literal(kind),
        "reason": literal(given.reason if given else None, Text()),
        "given_by_id": literal(given.by_id if given else None, BigInteger()),
        "user_id": moved.c.user_id,
        "number": moved.c.number,
        "points": moved.c.delta,
        "created_at": moved.c.at,
    }
    entered = select(*said.values()).order_by(moved.c.user_id)
    db.session.execute(insert(PointEntry).from_select(list(said), entered))
    _move(
        course_id,
        moved.c.user_id,
        points=CourseTotal.points + moved.c.delta,
        reached_at=moved.c.at,
        changed_at=moved.c.at,
    )
    lowered = [user_id for user_id, (delta, _number, _at) in entries.items() if delta < 0]
    if lowered:
        ledger = standings.from_ledger(course_id, users=lowered)
        _move(course_id, ledger.c.user_id, reached_at=ledger.c.reached_at)


def _move(course_id: int, user_id: object, **changed: object) -> None:
    db.session.execute(
        update(CourseTotal).where(CourseTotal.course_id == course_id, CourseTotal.user_id == user_id).values(**changed),
        execution_options={"synchronize_session": False},
    )
