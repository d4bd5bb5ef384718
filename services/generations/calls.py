"""The rows of calls: written before the call is made, and closed once with what it brought and cost.

Each function is one step that its caller commits. A call is closed by compare-and-set, so a worker that comes late
with an answer finds its call closed, and writes nothing.
"""

from datetime import datetime

from redis import Redis
from sqlalchemy import func, select

from extensions import db
from models import Generation, GenerationCall
from models.generation import CALL_ANSWERED, CALL_LOST, CALL_REFUSED, CALL_STARTED, GENERATION_RUNNING
from reasons import Reason
from services import changes
from services.generations import budgets
from services.generations.budgets import Spender
from services.generations.contract import Answer
from services.generations.prompts import Messages
from services.generations.terms import Budget, Terms


def spender_of(generation: Generation) -> Spender:
    """Return whose budgets a generation's calls are counted in."""
    return Spender(generation.user_id, generation.course_id)


def start(
    generation: Generation,
    piece: str,
    most: Budget,
    terms: Terms,
    redis: Redis,
    *,
    now: datetime,
    sent: Messages | None = None,
) -> GenerationCall | None:
    """Write down a call that is about to be made, with what it may cost; raise BudgetUsed where that isn't left.

    None where the generation isn't the caller's any more.
    """
    budgets.lock()
    mine = (Generation.id == generation.id, Generation.turn == generation.turn, Generation.state == GENERATION_RUNNING)
    if db.session.scalar(select(Generation.id).where(*mine).with_for_update()) is None:
        return None
    budgets.require(redis, spender_of(generation), terms, most, now=now)
    last = select(func.max(GenerationCall.number)).where(GenerationCall.generation_id == generation.id)
    call = GenerationCall(
        generation_id=generation.id,
        course_id=generation.course_id,
        user_id=generation.user_id,
        number=(db.session.scalar(last) or 0) + 1,
        piece=piece,
        model=terms.model,
        sent=sent,
        tokens=most.tokens,
        cost=most.cost,
        made_at=now,
    )
    db.session.add(call)
    db.session.flush()
    budgets.count(redis, call, now=now)
    return call


def answered(call_id: int, answer: Answer, terms: Terms, *, now: datetime) -> GenerationCall | None:
    """Keep a call's answer as it came, with what it cost; None where the call was closed meanwhile.

    An answer whose server counts no tokens costs what was reserved.
    """
    spent = {}
    if answer.tokens_in or answer.tokens_out:
        spent = {
            "tokens": answer.tokens_in + answer.tokens_out,
            "cost": terms.cost(answer.tokens_in, answer.tokens_out),
        }
    return _close(
        call_id,
        CALL_ANSWERED,
        now,
        # PostgreSQL keeps no NUL, and half a pair of UTF-16 is no character.
        raw=answer.text.replace("\x00", "").encode("utf-8", "replace").decode(),
        tokens_in=answer.tokens_in,
        tokens_out=answer.tokens_out,
        **spent,
    )


def refused(call_id: int, reason: Reason, *, now: datetime) -> GenerationCall | None:
    """Close a call that the server didn't take: it costs nothing."""
    return _close(call_id, CALL_REFUSED, now, reason=reason, tokens=0, cost=0)


def lost(call_id: int, reason: Reason, *, now: datetime) -> GenerationCall | None:
    """Close a call of which nobody knows what it brought: it costs what was reserved, and isn't repeated by itself."""
    return _close(call_id, CALL_LOST, now, reason=reason)


def _close(call_id: int, state: str, now: datetime, **values: object) -> GenerationCall | None:
    mine = (GenerationCall.id == call_id, GenerationCall.state == CALL_STARTED)
    return changes.one(GenerationCall, *mine, state=state, ended_at=now, **values)
