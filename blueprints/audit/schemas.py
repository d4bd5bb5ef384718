"""Shapes of the audit log."""

from datetime import datetime
from typing import Any, Literal

from pydantic import AwareDatetime, Field

from blueprints.schemas import Output, Query

Way = Literal["page", "api", "command", "scheduler"]


class AuditQuery(Query):
    """Which entries; `after` is where the page before ended."""

    course: str | None = Field(default=None, max_length=100)
    act: str = Field(default="", max_length=60)
    actor: int | None = Field(default=None, ge=1, le=2**63 - 1)
    person: int | None = Field(default=None, ge=1, le=2**63 - 1)
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    after: int | None = Field(default=None, ge=1, le=2**63 - 1)
    per_page: int = Field(default=50, ge=1, le=100)


class AuditPersonOut(Output):
    """Somebody; `name` is None once their account is gone."""

    id: int
    name: str | None


class AuditEntryOut(Output):
    """A privileged act: `act` with `params` is what, `person` whom it concerns, `actor` who did it (None: an operator
    by a command, or the site itself).

    `text` says it in the reader's language. `address` and `token_id` are for admins, and None for others.
    """

    id: int
    at: datetime
    act: str
    text: str
    course: str | None
    person: AuditPersonOut | None
    params: dict[str, Any]
    actor: AuditPersonOut | None
    way: Way
    token_id: int | None
    address: str | None
    request_id: str | None


class AuditLogOut(Output):
    """A page of the log, the newest first; with `?after=` of its `after` the next one comes."""

    entries: list[AuditEntryOut]
    after: int | None
