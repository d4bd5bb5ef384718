"""Shapes of accounts."""

from datetime import datetime

from blueprints.schemas import Output


class MeOut(Output):
    """An account as its owner sees it."""

    id: int
    email: str
    display_name: str
    handle: str
    time_zone: str
    is_admin: bool
    scopes: list[str]
    token_expires_at: datetime
