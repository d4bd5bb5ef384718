"""Shapes of accounts as administrators see them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from blueprints.schemas import CursorQuery, Input, OptionalInput, Output
from services.accounts.profiles import MAX_NAME


class UsersQuery(CursorQuery):
    """Which accounts."""

    q: Annotated[str, Field(max_length=100, description="Looked for in name, handle and address.")] = ""
    state: Literal["active", "deactivated", "unconfirmed"] | None = None
    role: Literal["admin"] | None = None
    sort: Literal["id", "-id", "email", "-email", "display_name", "-display_name", "created_at", "-created_at"] = "id"


class UserOut(Output):
    """An account. `unconfirmed`: it has shown no address to be its person's, so nobody signs in with it yet."""

    id: int
    email: str
    display_name: str
    handle: str
    time_zone: str
    language: str
    state: Literal["active", "deactivated", "unconfirmed"]
    is_active: bool
    is_admin: bool
    created_at: datetime
    confirmed_at: datetime | None = None


class UsersOut(Output):
    """Some of the accounts."""

    users: list[UserOut]
    after: Annotated[str | None, Field(description="Goes on with the list; null at its end.")] = None


class NewUserIn(Input):
    """An account to be made."""

    email: Annotated[str, Field(max_length=320)]
    display_name: Annotated[str, Field(min_length=1, max_length=MAX_NAME)]
    time_zone: Annotated[str, Field(max_length=60)] = "UTC"
    is_admin: bool = False


class UserIn(Input):
    """What an administrator decides about an account: all of it."""

    display_name: Annotated[str, Field(min_length=1, max_length=MAX_NAME)]
    is_active: bool
    is_admin: bool


class ResetIn(OptionalInput):
    """Whether whoever is signed in with the account is signed out, and its tokens end, too."""

    end_access: bool = False
