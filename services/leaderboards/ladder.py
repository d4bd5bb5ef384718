"""Ranks as PostgreSQL counts them: for boards of the past, and for all while Redis can't answer."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, or_, select

from extensions import db
from services.leaderboards.scopes import Scope, ranked

# How many rows are shown above and below one's own.
NEAR = 5


@dataclass(frozen=True)
class Place:
    """Somebody's place on a board; `rank` counts from 1."""

    rank: int
    user_id: int
    points: int
    reached_at: datetime

    @property
    def key(self) -> "Key":
        """What the place is ordered by."""
        return Key(self.points, self.reached_at, self.user_id)


@dataclass(frozen=True)
class Key:
    """What a board is ordered by: most points, then reached first, then the smaller ID."""

    points: int
    reached_at: datetime
    user_id: int


@dataclass(frozen=True)
class Window:
    """Which part of a board is asked for: `count` rows from `first` on, or those after or before a key.

    Rows around `me` come as well, and those of `users`.
    """

    first: int = 1
    count: int = 25
    after: Key | None = None
    before: Key | None = None
    me: int | None = None
    users: Collection[int] = ()


@dataclass(frozen=True)
class Part:
    """A part of a board: the rows in the window, one's own with those around it, those of the people asked for."""

    rows: list[Place]
    total: int
    own: Place | None = None
    around: list[Place] = field(default_factory=list)
    found: list[Place] = field(default_factory=list)


def read(scope: Scope, window: Window) -> Part:
    """Return a part of a board. One statement."""
    people = ranked(scope).cte("people")
    order = people.c.points.desc(), people.c.reached_at, people.c.user_id
    board = select(
        people, func.row_number().over(order_by=order).label("rank"), func.count().over().label("total")
    ).cte("board")
    own_rank = select(board.c.rank).where(board.c.user_id == window.me).scalar_subquery()
    wanted: list[Any] = [_in_window(board, window)]
    if window.me is not None:
        wanted.append(board.c.rank.between(own_rank - NEAR, own_rank + NEAR))
    if window.users:
        wanted.append(board.c.user_id.in_(window.users))
    # One row at least, so that the total is known where nothing is in the window.
    query = select(board).where(or_(*wanted, board.c.rank == 1)).order_by(board.c.rank)
    rows = db.session.execute(query).all()
    total = rows[0].total if rows else 0
    return part([Place(row.rank, row.user_id, int(row.points), row.reached_at) for row in rows], total, window)


def part(places: list[Place], total: int, window: Window) -> Part:
    """Sort places, which come in their order, into what was asked for."""
    own = next((place for place in places if place.user_id == window.me), None)
    around = [place for place in places if own and abs(place.rank - own.rank) <= NEAR]
    found = [place for place in places if place.user_id in window.users]
    return Part(_cut(places, window), total, own, around, found)


def _cut(places: list[Place], window: Window) -> list[Place]:
    if window.after is not None:
        return [place for place in places if _follows(place, window.after)][: window.count]
    if window.before is not None:
        return [place for place in places if _precedes(place, window.before)][-window.count :]
    return [place for place in places if window.first <= place.rank < window.first + window.count]


def _follows(place: Place, key: Key) -> bool:
    return _order(place.key) > _order(key)


def _precedes(place: Place, key: Key) -> bool:
    return _order(place.key) < _order(key)


def _order(key: Key) -> tuple[int, datetime, int]:
    return -key.points, key.reached_at, key.user_id


def _in_window(board: Any, window: Window) -> Any:
    def ahead(key: Key) -> Any:
        """Whoever stands before a key, itself left out."""
        tied = and_(board.c.points == key.points, board.c.reached_at == key.reached_at, board.c.user_id < key.user_id)
        first = and_(board.c.points == key.points, board.c.reached_at < key.reached_at)
        return or_(board.c.points > key.points, first, tied)

    count = select(func.count()).select_from(board)
    if window.after is not None:
        key = window.after
        is_there = and_(
            board.c.points == key.points, board.c.reached_at == key.reached_at, board.c.user_id == key.user_id
        )
        reached = count.where(or_(ahead(key), is_there)).scalar_subquery()
        return board.c.rank.between(reached + 1, reached + window.count)
    if window.before is not None:
        above = count.where(ahead(window.before)).scalar_subquery()
        return board.c.rank.between(above - window.count + 1, above)
    return board.c.rank.between(window.first, window.first + window.count - 1)
