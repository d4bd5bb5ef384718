"""Members of a board's sorted set: when somebody reached their points, and who they are, so that ties are in order.

Whole microseconds since 1970 and a person's ID, in hexadecimal digits of one length: they sort as numbers do.
"""

from datetime import datetime, timedelta

from services.leaderboards.ladder import Place
from services.leaderboards.scopes import EPOCH


def member(user_id: int, reached_at: datetime) -> str:
    """Return a person's member."""
    return f"{(reached_at - EPOCH) // timedelta(microseconds=1):014x}{user_id:012x}"


def place(index: int, of: bytes, score: bytes) -> Place:
    """Return the place of a member; `index` counts from 0, `score` is the points, negated."""
    reached_at = EPOCH + timedelta(microseconds=int(of[:14], 16))
    return Place(int(index) + 1, int(of[14:26], 16), -int(float(score)), reached_at)


def places(first: int, rows: list[bytes]) -> list[Place]:
    """Return the places of members and scores in turns, the first of which has the index `first`."""
    pairs = zip(rows[0::2], rows[1::2], strict=True)
    return [place(first + number, of, score) for number, (of, score) in enumerate(pairs)]
