"""Shapes of leaderboards."""

from blueprints.schemas import Output


class RowOut(Output):
    """A place; ranks count from 1."""

    rank: int
    user_id: int
    name: str
    points: int
    is_me: bool


class BoardOut(Output):
    """A page of the board, and the caller's own row wherever it stands."""

    rows: list[RowOut]
    me: RowOut | None
    page: int
    pages: int
    total: int
