"""What the scheduler does with a session's machine: it has started, it failed to, it is gone.

Every function takes the token of the caller's claim, and does nothing when somebody else has claimed since.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, or_, select, update

from extensions import db
from models import LabSession
from models.lab_session import ENDED, QUEUED, RUNNING, STARTING, STOPPING
from services import lab_moves
from services.lab_queue import LEASE

MAX_FAILURES = 5
LONGEST_PAUSE = timedelta(seconds=60)
GAVE_UP = (
    "The machine couldn't be started, although we tried several times. "
    "Please try again in a few minutes, and tell your teacher if it happens again."
)


@dataclass(frozen=True)
class Claim:
    """A session that is ours to work on. `token` proves it; `failures` counts what went wrong before."""

    session_id: uuid.UUID
    job_id: str
    token: datetime
    failures: int


def claim_of(lab_session: LabSession) -> Claim:
    """Return the claim that a fresh session carries."""
    assert lab_session.claimed_at is not None
    return Claim(lab_session.id, lab_session.job_id, lab_session.claimed_at, lab_session.failures)


def started(claim: Claim, max_life: timedelta, now: datetime) -> bool:
    """Note that the machine runs; return False when the session isn't ours to start any more."""
    moved = lab_moves.move(
        claim.session_id,
        STARTING,
        RUNNING,
        token=claim.token,
        started_at=now,
        last_active_at=now,
        warned_at=None,
        expires_at=now + max_life,
        is_fresh=False,
        failures=0,
        next_try_at=None,
    )
    return moved is not None


def start_failed(claim: Claim, now: datetime) -> str | None:
    """Queue the session again with a pause, or end it after too many failures; return the state it is in then."""
    if claim.failures + 1 >= MAX_FAILURES:
        return give_up(claim, GAVE_UP, now)
    moved = lab_moves.move(
        claim.session_id,
        STARTING,
        QUEUED,
        token=claim.token,
        claimed_at=None,
        failures=claim.failures + 1,
        next_try_at=now + pause(claim.failures + 1),
    )
    lab_moves.tell_queue()
    return moved.state if moved else None


def give_up(claim: Claim, detail: str, now: datetime) -> str | None:
    """End a session whose machine can't start; `detail` is for the student. Return the state, None if not ours."""
    moved = lab_moves.end(claim.session_id, STARTING, "failed", now, token=claim.token, detail=detail)
    return moved.state if moved else None


def is_unwanted(session_id: uuid.UUID) -> bool:
    """Say whether a machine that just came up has no session that wants it: stopped meanwhile, or deleted."""
    state = db.session.scalar(select(LabSession.state).where(LabSession.id == session_id))
    return state in (None, STOPPING, ENDED)


def claim_stopping(now: datetime) -> LabSession | None:
    """Claim a session whose machine is to be stopped; also one whose stop nobody has in hand any more."""
    query = (
        select(LabSession.id)
        .where(LabSession.state == STOPPING, or_(LabSession.next_try_at.is_(None), LabSession.next_try_at <= now))
        .order_by(LabSession.next_try_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    found = db.session.scalar(query)
    if found is None:
        return None
    return lab_moves.change(found, STOPPING, claimed_at=now, next_try_at=now + LEASE)


def stopped(claim: Claim, now: datetime) -> str | None:
    """Note that the machine is gone: the session ends, or after a reset waits for its new one. Return its state."""
    mine = select(LabSession.is_resetting).where(LabSession.id == claim.session_id).with_for_update()
    is_resetting = db.session.scalar(mine)
    if is_resetting is None:
        return None
    if not is_resetting:
        ended = lab_moves.move(
            claim.session_id,
            STOPPING,
            ENDED,
            token=claim.token,
            ended_at=now,
            reason=func.coalesce(LabSession.reason, "platform"),
        )
        return ended.state if ended else None
    # It keeps its place: who resets waits behind nobody that came later.
    queued = lab_moves.move(
        claim.session_id,
        STOPPING,
        QUEUED,
        token=claim.token,
        is_resetting=False,
        claimed_at=None,
        started_at=None,
        warned_at=None,
        expires_at=None,
        failures=0,
        next_try_at=None,
    )
    lab_moves.tell_queue()
    return queued.state if queued else None


def stop_failed(claim: Claim, now: datetime) -> None:
    """Try the stop again later: a machine is never given up."""
    lab_moves.change(
        claim.session_id,
        STOPPING,
        token=claim.token,
        failures=claim.failures + 1,
        next_try_at=now + pause(claim.failures + 1),
    )


def renew(tokens: Mapping[uuid.UUID, datetime], now: datetime) -> None:
    """Keep the claims that somebody of this process still works on."""
    if not tokens:
        return
    statement = (
        update(LabSession)
        .where(LabSession.id == bindparam("session"), LabSession.claimed_at == bindparam("token"))
        .where(LabSession.state.in_((STARTING, STOPPING)), LabSession.next_try_at.is_not(None))
        .values(next_try_at=now + LEASE)
    )
    rows = [{"session": session_id, "token": token} for session_id, token in tokens.items()]
    db.session.connection().execute(statement, rows)


def pause(failures: int) -> timedelta:
    """Return how long to wait after so many failures: 2, 4, 8 seconds, up to a minute."""
    return min(LONGEST_PAUSE, timedelta(seconds=2 ** min(failures, 10)))
