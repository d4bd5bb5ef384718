"""What is next to do of a generation: a pure function of its calls and drafts.

A generation is made of pieces. Questions are written in batches (`write:<round>.<batch>`); those with choices are
then answered by a second reader (`check:<piece>`); a draft that is to be different is written again
(`again:<draft>.<time>`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from models.generation import CALL_ANSWERED, CALL_LOST, CALL_STARTED, CHECKING, REGENERATING
from services.generations.answers import BATCH


class CallState(Protocol):
    """What a plan asks of a call."""

    @property
    def id(self) -> int: ...
    @property
    def piece(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def is_judged(self) -> bool: ...


class DraftState(Protocol):
    """What a plan asks of a draft."""

    @property
    def id(self) -> int: ...
    @property
    def call_id(self) -> int: ...
    @property
    def state(self) -> str: ...
    @property
    def asked_again(self) -> int: ...


@dataclass(frozen=True)
class Step:
    """One thing to do: close a call that its worker left, judge one that is over, make one, or finish."""

    what: Literal["lose", "judge", "write", "check", "again", "finish"]
    piece: str = ""
    call_id: int = 0
    count: int = 0
    draft_id: int = 0


def next_step(round_: int, wanted: int, calls: Sequence[CallState], drafts: Sequence[DraftState]) -> Step:
    """Return what is next; whatever was done before is found in the rows."""
    for call in calls:
        if call.state == CALL_STARTED:
            return Step("lose", call.piece, call.id)
        if call.state in (CALL_ANSWERED, CALL_LOST) and not call.is_judged:
            return Step("judge", call.piece, call.id)
    over = {call.piece for call in calls if call.state in (CALL_ANSWERED, CALL_LOST)}
    pieces = {call.id: call.piece for call in calls}
    for draft in drafts:
        if draft.state == CHECKING:
            return Step("check", f"check:{pieces[draft.call_id]}", draft.call_id)
    for draft in drafts:
        if draft.state == REGENERATING:
            return Step("again", f"again:{draft.id}.{draft.asked_again}", draft_id=draft.id, count=1)
    for batch in range(-(-wanted // BATCH)):
        piece = f"write:{round_}.{batch + 1}"
        if piece not in over:
            return Step("write", piece, count=size_of(batch, wanted))
    return Step("finish")


def size_of(batch: int, wanted: int) -> int:
    """Return how many questions a batch has, counted from 0."""
    return min(BATCH, wanted - batch * BATCH)
