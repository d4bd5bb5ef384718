"""How long requests wait for a web worker in a rush: workers tell it, and pages that wait are told.

A worker tells when the request that it begins came to the door. Requests are begun in the order in which they came,
those with a password in an order of their own (`cli/lanes.py`), so a page knows how far those before it have got. What
is told stands in Redis for some seconds; without it, pages say less.
"""

import json
from typing import Any, Literal, get_args

Lane = Literal["common", "passwords"]
LANES: tuple[Lane, ...] = get_args(Lane)
# What was told is of no use after so many seconds.
KEPT_S = 15
# A shorter wait is none.
LONG_S = 1.0


def key(lane: Lane) -> str:
    """Return where in Redis a lane's wait stands."""
    return f"yurt:waits:{lane}"


def read_came(header: str) -> float | None:
    """Return the time in seconds since 1970 that a door wrote: in milliseconds (Caddy) or in seconds (nginx)."""
    try:
        value = float(header)
    except ValueError:
        return None
    return value / 1000 if value > 1e11 else value


def told(came: float, now: float) -> str:
    """Return what is kept of a request that came at `came` and is begun `now`."""
    return json.dumps({"came": round(came, 3), "at": round(now, 3)})


def document(kept: Any, now: float) -> dict[str, float | None]:
    """Return what a page is told: how many seconds ago the request came that was begun last; None if nobody waits."""
    try:
        value = json.loads(kept or "{}")
        came, at = float(value["came"]), float(value["at"])
    except (KeyError, TypeError, ValueError):
        return {"behind": None}
    return {"behind": round(now - came, 2) if at - came >= LONG_S else None}
