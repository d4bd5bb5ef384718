"""The life of a generation in a worker's hands: claimed for one call, handed back, put off, finished or failed.

Whoever claims counts the turn up; everybody with an older turn writes nothing.
"""

import random
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from redis import Redis
from sqlalchemy import ColumnElement, ScalarSelect, func, select

from extensions import db
from models import Generation
from models.generation import (
    GENERATION_DONE,
    GENERATION_FAILED,
    GENERATION_QUEUED,
    GENERATION_RUNNING,
    OPEN_GENERATIONS,
)
from reasons import Reason
from services import changes, leases, live
from services.generations import breaker
from services.generations.contract import LONGEST_WAIT_S

TOPIC = "generations"
# What fails is the model's server: it gets some minutes.
RETRIES = leases.Retries(most=5, first=timedelta(seconds=2), longest=timedelta(minutes=2))
# By so much a pause is longer by chance, so that many don't come back at once.
SPREAD = 1.25
# The longest that a server may ask for.
AS_ASKED = leases.Retries(longest=timedelta(seconds=LONGEST_WAIT_S * SPREAD))
LOCK = "generation-claims"


def claim(redis: Redis, at_once: int, now: datetime, held: Collection[int] = ()) -> Generation | None:
    """Take the generation that waits longest, or whose worker died; None where no call may be made, too."""
    if breaker.open_until(redis, now=now) is not None:
        return None
    db.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(LOCK, 0))))
    is_in_hand = (Generation.state == GENERATION_RUNNING) & (Generation.leased_until > now)
    if (db.session.scalar(select(func.count()).where(is_in_hand)) or 0) >= at_once:
        return None
    is_open = Generation.state.in_(OPEN_GENERATIONS)
    found = leases.next_due(Generation, now, is_open, order_by=[Generation.requested_at, Generation.id], but=held)
    if found is None:
        return None
    tries = leases.tries_of(found)
    values = {"state": GENERATION_RUNNING, "turn": found.turn + 1, "tries": tries, **leases.held(now)}
    leases.set_on(found, values)
    live.generation_changed(found.id)
    return found


def is_mine(generation: Generation) -> bool:
    """Say whether this turn is still the newest, and keep it so until the transaction ends."""
    return db.session.scalar(select(Generation.id).where(*_mine(generation)).with_for_update()) is not None


def hand_back(generation: Generation) -> None:
    """Let whoever is free go on: something was done."""
    _move(generation, GENERATION_QUEUED, tries=0, **leases.FREE)
    live.nudge(TOPIC)


def put_off(generation: Generation, now: datetime, *, wait_s: float | None) -> None:
    """Try again later: after what the server asked for, or after a pause that grows."""
    tries = generation.tries + 1
    pause = RETRIES.pause(tries).total_seconds() if wait_s is None else wait_s
    later = now + timedelta(seconds=pause * random.uniform(1.0, SPREAD))
    _move(generation, GENERATION_QUEUED, **leases.waiting(later), tries=tries)


def finish(generation: Generation, now: datetime, reason: Reason | None = None, *, is_failed: bool = False) -> None:
    """Close a generation; `reason` says what went wrong on the way."""
    state = GENERATION_FAILED if is_failed else GENERATION_DONE
    _move(generation, state, reason=reason, finished_at=now, tries=0, **leases.FREE)


def _move(generation: Generation, state: str, **values: Any) -> None:
    if changes.one(Generation, *_mine(generation), state=state, **values) is not None:
        live.generation_changed(generation.id)


def _mine(generation: Generation) -> tuple[ColumnElement[bool], ...]:
    return (
        Generation.id == generation.id,
        Generation.turn == generation.turn,
        Generation.state == GENERATION_RUNNING,
    )


def due(now: ColumnElement[datetime]) -> ScalarSelect[Any]:
    """Ask from when on a generation is due."""
    return leases.due(Generation, now, Generation.state.in_(OPEN_GENERATIONS))


def oldest(_now: ColumnElement[datetime]) -> ScalarSelect[Any]:
    """Ask since when the first generation waits."""
    waiting = select(func.min(Generation.requested_at)).where(Generation.state == GENERATION_QUEUED)
    return waiting.scalar_subquery()
