"""A leaderboard as somebody sees it: a part of a board, with the names that its people go by.

Places, points and their order are those of the moment that is shown. Names are today's: who has chosen a pseudonym
since is shown by it, and who has opted out since keeps the place, without a name.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, or_, select

from extensions import db
from models import Course, CourseTotal, Enrolment, User
from services.kept_versions import Depends
from services.leaderboards import ladder, scopes, sets
from services.leaderboards.ladder import Place, Window
from services.leaderboards.scopes import Scope
from services.searches import finds

# Rows that a search by name shows.
MOST_FOUND = 25


@dataclass(frozen=True)
class Row:
    """A place on the board. `name` is None for who is hidden now; `real_name` is what the staff see beside it."""

    rank: int
    user_id: int
    name: str | None
    real_name: str | None
    is_open: bool
    points: int
    is_me: bool
    place: Place


@dataclass(frozen=True)
class Board:
    """A part of a board: rows, one's own with those around it, and how many there are."""

    rows: list[Row]
    me: Row | None
    around: list[Row]
    total: int


def board(scope: Scope, window: Window, *, is_staff: bool = False) -> Board:
    """Return a part of a board, from Redis where it can answer."""
    whole = _whole(scope, window)
    part = whole.part(window) if whole is not None else _read(scope, window)
    names = (
        whole.names
        if whole is not None
        else _names(scope.course_id, {row.user_id for row in (*part.rows, *part.around)})
    )

    def row(place: Place) -> Row:
        return row_of(place, names, me=window.me, is_staff=is_staff)

    own = row(part.own) if part.own else None
    return Board([row(place) for place in part.rows], own, [row(place) for place in part.around], part.total)


def search(scope: Scope, words: str, me: int | None, *, is_staff: bool = False) -> list[Row]:
    """Return the rows of people by a part of the name that they go by; the staff find real names, too."""
    users = _called(scope.course_id, words, me, is_staff=is_staff)
    if not users:
        return []
    part = _read(scope, Window(count=0, me=me, users=users))
    names = _names(scope.course_id, users)
    return [row_of(place, names, me=me, is_staff=is_staff) for place in part.found]


def own(course: Course, user: User | None, *, is_staff: bool, now: datetime) -> Place | None:
    """Return a person's place of all time, as they may see it; None for those who aren't ranked."""
    if user is None:
        return None
    scope = scopes.scope_of(course, period="all", cohort_id=None, as_of=None, is_staff=is_staff, now=now)
    window = Window(count=0, me=user.id)
    whole = _whole(scope, window)
    return (whole.part(window) if whole is not None else _read(scope, window)).own


def _whole(scope: Scope, window: Window) -> Any:
    """Return the whole board (`whole.py`) where this process keeps it, and the window has its place by rank."""
    kept = db.session().info["given"].get("whole_boards")
    is_everybodys = scope.cohort_id is None and scope.since is None and scope.until is None
    if kept is None or not is_everybodys or window.after is not None or window.before is not None:
        return None
    whole = kept.current(scope.course_id, Depends())
    if whole is not None:
        sets.READS.labels("process").inc()
    return whole


def _read(scope: Scope, window: Window) -> ladder.Part:
    store = db.session().info["given"].get("boards")
    if store is not None and scope.until is None:
        part: ladder.Part | None = sets.read(store, scope, window)
        if part is not None:
            sets.READS.labels("redis").inc()
            return part
    sets.READS.labels("postgresql").inc()
    return ladder.read(scope, window)


def _names(course_id: int, users: Iterable[int]) -> dict[int, tuple[str, str, str | None]]:
    """Return {user: (name, how they stand on the board, pseudonym)}."""
    query = (
        select(User.id, User.display_name, Enrolment.board, Enrolment.pseudonym)
        .outerjoin(Enrolment, and_(Enrolment.user_id == User.id, Enrolment.course_id == course_id))
        .where(User.id.in_(users))
    )
    return {row.id: (row.display_name, row.board or "name", row.pseudonym) for row in db.session.execute(query)}


def row_of(place: Place, names: dict[int, tuple[str, str, str | None]], *, me: int | None, is_staff: bool) -> Row:
    """Return a place as somebody sees it; `names` are as `_names` returns them."""
    real, how, pseudonym = names.get(place.user_id, ("", "hidden", None))
    shown: str | None = {"name": real, "pseudonym": pseudonym}.get(how)
    is_me = place.user_id == me
    return Row(
        place.rank,
        place.user_id,
        shown if shown is not None or not is_me else real,
        real if is_staff and shown != real else None,
        how == "name" or is_me or is_staff,
        place.points,
        is_me,
        place,
    )


def _called(course_id: int, words: str, me: int | None, *, is_staff: bool) -> Collection[int]:
    # Who has left the course is still on boards of the past, by their own name.
    how: Any = func.coalesce(Enrolment.board, "name")
    called = [
        and_(how == "name", finds(User.display_name, words)),
        and_(how == "pseudonym", finds(Enrolment.pseudonym, words)),
        and_(User.id == me, finds(User.display_name, words)),
    ]
    if is_staff:
        called.append(finds(User.display_name, words))
    query = (
        select(User.id)
        .join(CourseTotal, and_(CourseTotal.user_id == User.id, CourseTotal.course_id == course_id))
        .outerjoin(Enrolment, and_(Enrolment.user_id == User.id, Enrolment.course_id == course_id))
        .where(or_(*called))
        .order_by(CourseTotal.points.desc(), User.id)
        .limit(MOST_FOUND)
    )
    return list(db.session.scalars(query))
