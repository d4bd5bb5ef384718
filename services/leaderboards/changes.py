"""What of a board changed since a state of the database: each total says in which transaction it last changed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, String, and_, case, cast, func, literal, literal_column, or_, select
from sqlalchemy.types import UserDefinedType

from extensions import db
from models import Course, CourseTotal
from services.leaderboards import scopes
from services.leaderboards.scopes import Scope

# More changes at once are no quicker to apply than the whole board.
MOST = 20_000


class TransactionId(UserDefinedType[Any]):
    """PostgreSQL's `xid8`."""

    cache_ok = True

    def get_col_spec(self, **_options: Any) -> str:
        """Name the type."""
        return "xid8"


class Snapshot(UserDefinedType[Any]):
    """PostgreSQL's `pg_snapshot`: which transactions had ended."""

    cache_ok = True

    def get_col_spec(self, **_options: Any) -> str:
        """Name the type."""
        return "pg_snapshot"


@dataclass(frozen=True)
class State:
    """What a board was read at: the course's epoch, and the snapshot as PostgreSQL writes it."""

    epoch: int
    snapshot: str

    @property
    def first_open(self) -> int:
        """The first transaction that hadn't ended."""
        return int(self.snapshot.split(":")[0])

    @property
    def next(self) -> int:
        """The first transaction that hadn't begun."""
        return int(self.snapshot.split(":")[1])


@dataclass(frozen=True)
class Standing:
    """Where somebody stands now: with 0 points they aren't on the board."""

    user_id: int
    points: int
    reached_at: datetime


@dataclass(frozen=True)
class Changes:
    """What changed until `state`. `is_private`: this transaction has written, and others don't know of it yet."""

    state: State
    is_private: bool
    standings: list[Standing]
    is_too_much: bool = False


def since(scope: Scope, before: State | None) -> Changes:
    """Return the changes of a board of now since a state; with None the state of now alone."""
    own: Any = literal_column("pg_current_xact_id_if_assigned() IS NOT NULL")
    snapshot = cast(func.pg_current_snapshot(), String)
    total = CourseTotal
    is_new: Any = literal(False)
    if before is not None:
        ended = cast(literal(before.snapshot, String), Snapshot)
        transaction = cast(cast(total.changed_in, String), TransactionId)
        is_new = and_(total.changed_in >= before.first_open, ~func.pg_visible_in_snapshot(transaction, ended))
    is_on = and_(total.is_ranked, or_(literal(scope.cohort_id is None), total.cohort_id == scope.cohort_id))
    query = (
        select(
            Course.board_epoch,
            snapshot.label("snapshot"),
            own.label("is_private"),
            total.user_id,
            case((is_on, func.greatest(total.points, 0)), else_=cast(0, BigInteger)).label("points"),
            total.reached_at,
        )
        .select_from(Course)
        .outerjoin(total, and_(total.course_id == Course.id, is_new))
        .where(Course.id == scope.course_id)
        .limit(MOST + 1)
    )
    rows = db.session.execute(query).all()
    state = State(rows[0].board_epoch, rows[0].snapshot)
    found = [Standing(row.user_id, row.points, row.reached_at) for row in rows if row.user_id is not None]
    if len(found) > MOST:
        return Changes(state, rows[0].is_private, [], is_too_much=True)
    if scope.since is not None and found:
        found = _in_span(scope, found)
    return Changes(state, rows[0].is_private, found)


def _in_span(scope: Scope, changed: list[Standing]) -> list[Standing]:
    """Return what those who changed have in the scope's span. Read later than they were found, so never too old."""
    rows = db.session.execute(scopes.ranked(scope, [standing.user_id for standing in changed])).all()
    earned = {row.user_id: Standing(row.user_id, int(row.points), row.reached_at) for row in rows}
    return [earned.get(standing.user_id, Standing(standing.user_id, 0, standing.reached_at)) for standing in changed]
