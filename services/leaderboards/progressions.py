"""How the scores of some people grew, from the ledger."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select

from extensions import db
from models import PointEntry
from services.leaderboards.scopes import Scope

# Points of a line: more can't be told apart in a plot.
MOST = 200


def of(scope: Scope, users: Collection[int]) -> dict[int, list[tuple[datetime, int]]]:
    """Return {user: [(when, the sum from then on), ...]} in the order of time. One statement."""
    so_far = func.sum(PointEntry.points).over(partition_by=PointEntry.user_id, order_by=PointEntry.id)
    query = select(PointEntry.user_id, PointEntry.created_at, so_far).where(
        PointEntry.course_id == scope.course_id, PointEntry.user_id.in_(users)
    )
    if scope.since is not None:
        query = query.where(PointEntry.created_at >= scope.since)
    if scope.until is not None:
        query = query.where(PointEntry.created_at <= scope.until)
    lines: dict[int, list[tuple[datetime, int]]] = {user_id: [] for user_id in users}
    for user_id, at, total in db.session.execute(query.order_by(PointEntry.user_id, PointEntry.id)):
        lines[user_id].append((at, int(total)))
    return {user_id: _thinned(line) for user_id, line in lines.items()}


def _thinned(line: list[tuple[datetime, int]]) -> list[tuple[datetime, int]]:
    step = max(1, len(line) // MOST)
    return line if step == 1 else [*line[:-1:step], line[-1]]
