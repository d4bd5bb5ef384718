"""Shapes of comments and hints by a model."""

from datetime import datetime
from typing import Any, Literal

from pydantic import ConfigDict

from blueprints.generations.schemas import ReasonedOut
from blueprints.schemas import Input, Output, WrittenOrNone

A_MESSAGE: Any = {"role": "user", "content": "QUESTION 5f0c\nWhat is a pipe?\nEND 5f0c"}


class ModelAidsOut(Output):
    """Whether the model drafts comments for graders, and gives hints for failing checks; and whether there is one."""

    comments: bool
    hints: bool
    is_possible: bool


class ModelAidsIn(Input):
    """What the model may do in the course; what is left out stays as it is."""

    comments: bool | None = None
    hints: bool | None = None


class SentMessageOut(Output):
    """A text that was sent to the model, word for word: our rules (`system`), or the material (`user`)."""

    model_config = ConfigDict(json_schema_extra={"examples": [A_MESSAGE]})

    role: str
    content: str


class SentCallOut(Output):
    """What one call sent."""

    number: int
    made_at: datetime
    messages: list[SentMessageOut] | None


class SentOut(Output):
    """What was sent, call by call."""

    calls: list[SentCallOut]


class CommentDraftOut(Output):
    """A comment that the model drafts: `comment` once it is `done`, with a `reason` where it seems to name a grade.

    `failed` says why in `reason`. `messages` is what is sent.
    """

    state: Literal["queued", "running", "done", "failed"]
    is_waiting: bool
    comment: WrittenOrNone
    reason: ReasonedOut | None
    messages: list[SentMessageOut]
    requested_at: datetime
