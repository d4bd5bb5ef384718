"""Shapes of accounts and their tokens."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from blueprints.schemas import Output


class MeOut(Output):
    """An account as its owner sees it, and what the token may do that asks."""

    id: int
    email: str
    display_name: str
    handle: str
    time_zone: str
    is_admin: bool
    scopes: list[str]
    course: Annotated[str | None, Field(description="The slug of the one course where the token works.")] = None
    token_expires_at: datetime


class TokenOut(Output):
    """A token as its owner sees it; what it is itself, nobody can show again."""

    id: int
    name: str
    scopes: list[str]
    course: Annotated[str | None, Field(description="The slug of the one course where it works.")] = None
    created_at: datetime
    expires_at: datetime
    last_used_at: Annotated[datetime | None, Field(description="To the minute.")] = None
    revoked_at: datetime | None = None


class TokensOut(Output):
    """One's own tokens, the newest first."""

    tokens: list[TokenOut]
