"""Which queued lab starts next: held exactly to the limits, whatever races."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select, text
from sqlalchemy.orm import aliased

from extensions import db
from models import LabSession
from models.lab_session import QUEUED, RUNNING, STARTING, STOPPING
from services import labs

# Any number that nobody else uses: claims are made one at a time, so that the last slot is given once.
LOCK = 20_260_003
HOLDING = (STARTING, RUNNING, STOPPING)
# A start takes less: one that takes longer belongs to a scheduler that died.
LOST_AFTER = timedelta(seconds=20)
# A stop that takes longer is done again by somebody else.
HOLD = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(seconds=60)


@dataclass(frozen=True)
class Limits:
    """How many labs may hold a machine, in all and for one person."""

    total: int
    user: int


def claim_next(limits: Limits, now: datetime) -> LabSession | None:
    """Move the longest waiting session that the limits allow to `starting`; None if there is none.

    First come, first served; somebody at their own limit doesn't hold up those behind them. The advisory lock lasts
    until the caller commits.
    """
    db.session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    held = select(func.count()).where(LabSession.state.in_(HOLDING))
    if (db.session.scalar(held) or 0) >= limits.total:
        return None
    other = aliased(LabSession)
    of_user = (
        select(func.count()).where(other.user_id == LabSession.user_id, other.state.in_(HOLDING)).scalar_subquery()
    )
    query = (
        select(LabSession)
        .where(
            LabSession.state == QUEUED,
            or_(LabSession.next_try_at.is_(None), LabSession.next_try_at <= now),
            of_user < limits.user,
        )
        .order_by(LabSession.queued_at, LabSession.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    found = db.session.scalar(query)
    if found is None or not labs.move(found, QUEUED, STARTING, claimed_at=now, next_try_at=None):
        return None
    return found


def claim_lost(now: datetime) -> LabSession | None:
    """Take over the start of a scheduler that died; it counts as a failure, so that none is taken over for ever."""
    query = (
        select(LabSession)
        .where(LabSession.state == STARTING, LabSession.claimed_at < now - LOST_AFTER)
        .order_by(LabSession.claimed_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    found = db.session.scalar(query)
    if found is None:
        return None
    labs.change(found, STARTING, claimed_at=now, failures=found.failures + 1)
    return found


def claim_stop(now: datetime) -> LabSession | None:
    """Take a session whose machine is to be stopped, also one whose stop got stuck; None if there is none."""
    query = (
        select(LabSession)
        .where(LabSession.state == STOPPING, or_(LabSession.next_try_at.is_(None), LabSession.next_try_at <= now))
        .order_by(LabSession.queued_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    found = db.session.scalar(query)
    if found is not None:
        found.next_try_at = now + HOLD
        db.session.flush()
    return found


def oldest_queued() -> datetime | None:
    """Return since when the first one waits."""
    return db.session.scalar(select(func.min(LabSession.queued_at)).where(LabSession.state == QUEUED))


def oldest_stopping() -> datetime | None:
    """Return since when a machine should be stopped that nobody is stopping."""
    return db.session.scalar(select(func.min(LabSession.next_try_at)).where(LabSession.state == STOPPING))


def pause(failures: int) -> timedelta:
    """Return how long to wait after so many failures: 2, 4, 8 seconds, up to a minute."""
    return min(LONGEST_PAUSE, timedelta(seconds=2 ** min(failures, 10)))
