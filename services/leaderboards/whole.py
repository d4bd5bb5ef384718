"""Small boards of now, which each process keeps whole: a place is looked up, and a change costs one statement.

They are read outside of any transaction, so they show what everybody sees. Whoever uses one asks PostgreSQL first
whether its state still holds (services/kept_versions.py).
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlalchemy import Engine

from services import kept_asks, kept_versions
from services.kept_asks import Asks
from services.kept_versions import Board, Depends
from services.leaderboards.boards import Row, row_of
from services.leaderboards.ladder import NEAR, Part, Place, Window

# Larger ones are read in parts (sets.py).
MOST = 2_000
# How many boards a process keeps: those that were asked for last.
MOST_KEPT = 50
# A board that was larger is taken for one for so long, in seconds.
LARGE_S = 60
COUNT = """
SELECT count(*) FROM (
    SELECT FROM course_totals WHERE course_id = %(course_id)s AND is_ranked AND points > 0 LIMIT %(most)s
) AS those
"""
STATEMENT = """
SELECT board_epoch, pg_current_snapshot()::text, coalesce(people.number, 0), total.user_id, total.points,
    total.reached_at, users.display_name, enrolments.board, enrolments.pseudonym
FROM courses
LEFT JOIN kept_versions AS people ON people.key = 'people:' || courses.id
LEFT JOIN course_totals AS total ON total.course_id = courses.id AND total.is_ranked AND total.points > 0
LEFT JOIN users ON users.id = total.user_id
LEFT JOIN enrolments ON enrolments.user_id = total.user_id AND enrolments.course_id = courses.id
WHERE courses.id = %(course_id)s
ORDER BY total.points DESC, total.reached_at, total.user_id LIMIT %(most)s
"""


@dataclass(frozen=True)
class Whole:
    """Everybody on a course's board of all time, as students see it, and the state that it shows."""

    on: Depends
    places: list[Place]
    names: dict[int, tuple[str, str, str | None]]
    # What edges make of it, once for all who ask.
    made: dict[Any, Any] = field(default_factory=dict)

    @cached_property
    def index(self) -> dict[int, int]:
        """Return where each person stands in `places`."""
        return {place.user_id: at for at, place in enumerate(self.places)}

    def row(self, at: int, me: int | None = None) -> Row:
        """Return a place as `me` sees it."""
        return row_of(self.places[at], self.names, me=me, is_staff=False)

    def around(self, at: int) -> range:
        """Return the places around one."""
        return range(max(0, at - NEAR), min(len(self.places), at + NEAR + 1))

    def part(self, window: Window) -> Part:
        """Return a part of the board; not for windows that begin after or end before a key."""
        begin, at = window.first - 1, self.index.get(window.me) if window.me is not None else None
        around = [self.places[each] for each in self.around(at)] if at is not None else []
        found = [self.places[each] for each in sorted(self.index[user] for user in window.users if user in self.index)]
        own = self.places[at] if at is not None else None
        return Part(self.places[begin : begin + window.count], len(self.places), own, around, found)

    def once(self, key: Any, make: Callable[[], Any]) -> Any:
        """Return what was made of the board under a key, or make it."""
        if key not in self.made:
            self.made[key] = make()
        return self.made[key]


def read(engine: Engine, course_id: int) -> Whole | None:
    """Read a board; None where it is too large."""
    rows = kept_asks.ask(engine, STATEMENT, {"course_id": course_id, "most": MOST + 1})
    if not rows or len(rows) > MOST:
        return None
    epoch, snapshot, number = rows[0][:3]
    on = Depends({kept_versions.people(course_id): number}, Board(course_id, epoch, snapshot))
    found = [row[3:] for row in rows if row[3] is not None]
    places = [Place(rank, row[0], row[1], row[2]) for rank, row in enumerate(found, start=1)]
    return Whole(on, places, {row[0]: (row[3], row[4] or "name", row[5]) for row in found})


# Yields what has to be asked, is sent what changed of it, and returns the board.
Looking = Generator[Depends, set[str], Whole | None]


class Boards:
    """The boards that a process keeps."""

    TRIES = 3

    def __init__(self, asks: Asks) -> None:
        self._asks, self.engine = asks, asks.engine
        self._kept: OrderedDict[int, Whole] = OrderedDict()
        self._locks: dict[int, threading.Lock] = {}
        # Until when a course's board is taken for a large one (time.monotonic()).
        self._large: dict[int, float] = {}

    def current(self, course_id: int, also: Depends) -> Whole | None:
        """Return the board of now; None where it is too large, or where something changed of `also`."""
        looking = self.looking(course_id, also)
        try:
            on = next(looking)
            while True:
                on = looking.send(self._asks.changes(on))
        except StopIteration as found:
            whole: Whole | None = found.value
            return whole

    def looking(self, course_id: int, also: Depends) -> Looking:
        """Find what `current` returns: yields what has to be asked, is sent what changed of it.

        Who comes while another thread reads it waits, and asks once more: that reading may be older than the request.
        """
        for _try in range(self.TRIES):
            known = self._kept.get(course_id)
            if known is None and self._is_large(course_id):
                return None
            changed = yield from self._changes(known, also)
            if changed & set(also.versions):
                return None
            if known is not None and not changed:
                return known
            with self._locks.setdefault(course_id, threading.Lock()):
                if self._kept.get(course_id) is known:
                    made = read(self._asks.engine, course_id)
                    if made is None:
                        self._kept.pop(course_id, None)
                        self._large[course_id] = time.monotonic() + LARGE_S
                        return None
                    self._kept[course_id] = made
                    while len(self._kept) > MOST_KEPT:
                        self._kept.popitem(last=False)
        return None

    def _is_large(self, course_id: int) -> bool:
        """Say whether a board is too large to be kept: reading one whole to learn that would cost too much."""
        if self._large.get(course_id, 0.0) > time.monotonic():
            return True
        [[count]] = kept_asks.ask(self._asks.engine, COUNT, {"course_id": course_id, "most": MOST + 1})
        if count > MOST:
            self._large[course_id] = time.monotonic() + LARGE_S
        return bool(count > MOST)

    def _changes(self, known: Whole | None, also: Depends) -> Generator[Depends, set[str], set[str]]:
        """Find what changed: of `also` by the keys of its versions, of the board by any other name."""
        if known is None:
            return {"board"}
        versions = known.on.versions
        if all(also.versions.get(key, number) == number for key, number in versions.items()):
            changed = yield Depends({**also.versions, **versions}, known.on.board)
            return changed
        # Both name a version, and not the same: one of the two is the older one.
        changed = yield also
        return changed or {"board"}
