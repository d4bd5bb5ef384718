"""Shapes of the labs board, and of what helpers do."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from blueprints.schemas import Input, Output, PageQuery, Query
from models.lab_session import OpenState


class LabsBoardQuery(PageQuery):
    """Which page of the board, and of which lab; of all without one."""

    lab: str | None = Field(default=None, max_length=200)


class ReasonOut(Output):
    """Why somebody may need help."""

    kind: Literal["hand", "failing", "stuck"]
    words: str
    since: datetime


class LabsBoardRowOut(Output):
    """A student's lab. `position` is the place in the queue; `unread` counts messages that the caller hasn't read."""

    session_id: str
    user_id: int
    name: str
    lab: str
    state: OpenState
    node: str
    position: int | None
    done: int
    total: int
    reasons: list[ReasonOut]
    hand_raised_at: datetime | None
    hand_note: str
    last_active_at: datetime | None
    expires_at: datetime | None
    kept_until: datetime | None
    visitors: list[str]
    unread: int


class LabsBoardOut(Output):
    """A page of the board, those first who need help, and counts over all its pages."""

    rows: list[LabsBoardRowOut]
    running: int
    queued: int
    needing: int
    page: int
    pages: int
    total: int


class LabsIn(Input):
    """Which labs are meant: those of one lab of the course by its slug, or all."""

    lab: str | None = Field(default=None, max_length=200)


class KeepIn(LabsIn):
    """For how long labs are kept, in minutes."""

    minutes: int = Field(default=60, ge=1, le=480)


class CountOut(Output):
    """How many labs it changed."""

    count: int


class HandIn(Input):
    """A raised hand, with a word about what it is for."""

    note: str = Field(default="", max_length=200)


class HandOut(Output):
    """A hand; `raised_at` is None when it is down."""

    raised_at: datetime | None
    note: str


class MessageIn(Input):
    """Something to say, in plain text."""

    text: str = Field(min_length=1, max_length=2000)


class MessageOut(Output):
    """Something that was said, by the lab's student or by the staff."""

    id: int
    name: str
    is_mine: bool
    is_staff: bool
    text: str
    sent_at: datetime


class MessagesOut(Output):
    """The newest messages, the oldest of them first."""

    messages: list[MessageOut]


class MessagesQuery(Query):
    """After which message."""

    after: int = Field(default=0, ge=0, lt=2**63)
