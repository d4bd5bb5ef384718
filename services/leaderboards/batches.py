"""Settling what many people have from one source, in a handful of statements: what `points.settle` does for each."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import BigInteger, DateTime, Integer, column, func, select, update, values
from sqlalchemy.dialects.postgresql import insert

from extensions import db
from models import CourseTotal, PointEntry
from models.points import Kind
from services import live
from services.leaderboards import standings
from services.leaderboards.points import Given


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
    rows = [
        {"user_id": user_id, "course_id": course_id, "points": 0, "reached_at": now, "changed_at": now}
        for user_id in user_ids
    ]
    db.session.execute(insert(CourseTotal).values(rows).on_conflict_do_nothing())
    query = select(CourseTotal.user_id, CourseTotal.changed_at).where(
        CourseTotal.course_id == course_id, CourseTotal.user_id.in_(user_ids)
    )
    return dict(db.session.execute(query.order_by(CourseTotal.user_id).with_for_update()).tuples().all())


def _write(
    course_id: int, source: str, kind: Kind, given: Given | None, entries: Mapping[int, tuple[int, int, datetime]]
) -> None:
    said = {
        "course_id": course_id,
        "source": source,
        "kind": kind,
        "reason": given.reason if given else None,
        "given_by_id": given.by_id if given else None,
    }
    rows = [
        {**said, "user_id": user_id, "number": number, "points": delta, "created_at": at}
        for user_id, (delta, number, at) in entries.items()
    ]
    db.session.execute(insert(PointEntry).values(rows))
    moved = values(
        column("user_id", BigInteger), column("delta", Integer), column("at", DateTime(timezone=True)), name="moved"
    ).data([(user_id, delta, at) for user_id, (delta, _number, at) in entries.items()])
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
