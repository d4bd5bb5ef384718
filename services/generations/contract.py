"""What asking a model is: the question, the answer, and the errors, which differ by what a call may have cost."""

from dataclasses import dataclass
from typing import Protocol

from pydantic import BaseModel

from services.generations.prompts import Messages

# A server may ask for a longer pause: it gets this one.
LONGEST_WAIT_S = 3600.0


@dataclass(frozen=True)
class Answer:
    """What the model said, and what that cost in tokens; `is_whole` says that it wasn't cut off."""

    text: str
    tokens_in: int
    tokens_out: int
    is_whole: bool


@dataclass(frozen=True)
class Ask:
    """One question to the model: messages, the shape of the answer, how long that may be, the call's own key."""

    messages: Messages
    shape: type[BaseModel]
    most_tokens: int
    key: str


class CallFailed(Exception):
    """A call that brought no answer; `status` is HTTP's, 0 where there was none."""

    def __init__(self, status: int = 0, *, wait_s: float | None = None) -> None:
        super().__init__(f"status {status}")
        self.status, self.wait_s = status, wait_s


class Refused(CallFailed):
    """The server didn't take the request: nothing was spent."""

    @property
    def is_for_now(self) -> bool:
        """Whether the same request may be taken later."""
        return self.status in (0, 408, 425, 429) or self.status >= 500


class Lost(CallFailed):
    """Nobody knows whether the request was answered, or what it cost."""


class Model(Protocol):
    """What asks a model."""

    def ask(self, ask: Ask) -> Answer:
        """Return the answer; raise Refused or Lost."""
