"""Which board is asked for, and what of it is told: the same for the page and the API."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from blueprints.leaderboards import cursors
from blueprints.pages import now
from models import Course, User
from services import policy
from services.courses import cohorts
from services.leaderboards import boards, scopes
from services.leaderboards.boards import Board, Row
from services.leaderboards.ladder import Window
from services.leaderboards.scopes import Period, Scope


@dataclass(frozen=True)
class Asked:
    """What somebody asks of a board."""

    period: Period = "all"
    cohort: int | None = None
    as_of: datetime | None = None
    page: int = 1
    per_page: int = 25
    after: str | None = None
    before: str | None = None
    q: str = ""


@dataclass(frozen=True)
class Seen:
    """A board, which one it is, and whether it stands still for its reader now."""

    scope: Scope
    board: Board
    found: list[Row] | None
    is_staff: bool
    is_frozen: bool
    course: Course

    @property
    def next(self) -> str | None:
        """The cursor of the rows below, where there may be any."""
        rows = self.board.rows
        return cursors.seal(self.course.id, rows[-1].place.key) if rows and rows[-1].rank < self.board.total else None

    @property
    def previous(self) -> str | None:
        """The cursor of the rows above."""
        rows = self.board.rows
        return cursors.seal(self.course.id, rows[0].place.key) if rows and rows[0].rank > 1 else None


def read(course: Course, role: str | None, user: User, asked: Asked) -> Seen:
    """Return the board that is asked for, as its reader may see it."""
    is_staff = policy.may_see_people(user, role)
    if asked.cohort is not None:
        cohorts.load(course, asked.cohort)
    scope = scopes.scope_of(
        course, period=asked.period, cohort_id=asked.cohort, as_of=asked.as_of, is_staff=is_staff, now=now()
    )
    window = Window(
        first=(asked.page - 1) * asked.per_page + 1,
        count=asked.per_page,
        after=cursors.opened(course.id, "after", asked.after) if asked.after else None,
        before=cursors.opened(course.id, "before", asked.before) if asked.before else None,
        me=user.id,
    )
    board = boards.board(scope, window, is_staff=is_staff)
    found = boards.search(scope, asked.q, user.id, is_staff=is_staff) if asked.q else None
    frozen_at = None if is_staff else scopes.frozen_at(course, now())
    # Who looks further back sees the board of then, not that of the freeze.
    is_frozen = frozen_at is not None and scope.until == frozen_at
    return Seen(scope, board, found, is_staff, is_frozen, course)


def told(seen: Seen, rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Give rows as they may be told: nobody's ID but of those who show their name."""
    return [told_row(seen.course.id, row) for row in rows]


def told_row(course_id: int, row: Row, key: str | None = None) -> dict[str, Any]:
    """Give a row as it may be told; `key` is its name where that is known."""
    return {
        "key": key or cursors.row_name(course_id, row.user_id),
        "rank": row.rank,
        "user_id": row.user_id if row.is_open else None,
        "name": row.name,
        "real_name": row.real_name,
        "points": row.points,
        "is_me": row.is_me,
    }


def is_plain(asked: Asked, seen: Seen) -> bool:
    """Say whether somebody who studies sees the first part of the board of now and of all time."""
    is_first = asked.page == 1 and not (asked.after or asked.before or asked.q)
    is_whole = asked.period == "all" and asked.cohort is None and asked.as_of is None
    return is_first and is_whole and seen.scope.until is None and not seen.is_staff
