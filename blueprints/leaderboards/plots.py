"""The scores of the first ten and of oneself over time, as lines of an SVG that the server draws."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.leaderboards import progressions
from services.leaderboards.boards import Row
from services.leaderboards.scopes import Scope

FIRST = 10
WIDTH, HEIGHT = 720, 260
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 12, 28


@dataclass(frozen=True)
class Line:
    """Somebody's line: its number gives the colour, `path` is what an SVG draws."""

    number: int
    rank: int
    name: str | None
    points: int
    is_me: bool
    path: str


@dataclass(frozen=True)
class Plot:
    """Lines, and what stands at the axes."""

    lines: list[Line]
    begin: datetime
    end: datetime
    levels: list[tuple[int, float]]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM


def draw(scope: Scope, rows: list[Row], me: Row | None, now: datetime) -> Plot | None:
    """Draw the lines of the first ten of `rows`, and one's own; None where there is nothing to see."""
    shown = [row for row in rows if row.rank <= FIRST]
    if me is not None and me.rank > FIRST:
        shown.append(me)
    grown = progressions.of(scope, [row.user_id for row in shown]) if shown else {}
    times = [at for line in grown.values() for at, _total in line]
    if not times:
        return None
    end = scope.until or now
    begin = min(*times, end - timedelta(minutes=1))
    most = max(1, *(total for line in grown.values() for _at, total in line))
    span = (end - begin).total_seconds()

    def x(at: datetime) -> float:
        return LEFT + (at - begin).total_seconds() / span * (WIDTH - LEFT - RIGHT)

    def y(total: int) -> float:
        return HEIGHT - BOTTOM - max(0, total) / most * (HEIGHT - TOP - BOTTOM)

    lines = [
        Line(number, row.rank, row.name, row.points, row.is_me, _path(grown[row.user_id], x, y, end))
        for number, row in enumerate(shown, start=1)
    ]
    levels = sorted({0, most // 2, most})
    return Plot(lines, begin, end, [(level, y(level)) for level in levels])


def _path(line: list[tuple[datetime, int]], x: Any, y: Any, end: datetime) -> str:
    """A score stays what it is until the next entry: a line of steps, from nothing."""
    parts = [f"M{x(line[0][0]):.1f} {y(0):.1f}"] if line else []
    parts += [f"H{x(at):.1f}V{y(total):.1f}" for at, total in line]
    return "".join([*parts, f"H{x(end):.1f}"] if parts else [])
