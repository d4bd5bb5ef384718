"""Who waits for a machine, and who gets the next one."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, func, or_, select, tuple_
from sqlalchemy.orm import aliased, joinedload

from extensions import db
from models import LabSession
from models.lab_session import QUEUED, STARTING
from services import lab_moves

# One number for everybody who counts machines: claims wait for each other for the moment of a transaction.
CLAIM_LOCK = 0x79757274
# A claim that its holder doesn't renew is free again: the holder is dead.
LEASE = timedelta(seconds=10)


@dataclass(frozen=True)
class Limits:
    """How many machines there may be at once."""

    total: int
    per_user: int


def claim_next(limits: Limits, now: datetime) -> LabSession | None:
    """Claim the session that waits longest of those who may have a machine, and return it starting; or None.

    The count and the claim are one transaction under one lock, so that racing schedulers can't both take the last
    place. The claim is good for LEASE; `claimed_at` is the token that later moves have to show.
    """
    db.session.execute(select(func.pg_advisory_xact_lock(CLAIM_LOCK)))
    taken = select(func.count()).where(LabSession.state.in_(lab_moves.OCCUPYING))
    if (db.session.scalar(taken) or 0) >= limits.total:
        return None
    found = db.session.scalar(_eligible(limits, now))
    if found is None:
        return None
    moved = lab_moves.move(found, QUEUED, STARTING, **_claim(now))
    return _whole(moved) if moved else None


def claim_lost(now: datetime) -> LabSession | None:
    """Claim a session whose start nobody has in hand any more: its scheduler died. It counts as a failure."""
    query = (
        select(LabSession.id, LabSession.failures)
        .where(LabSession.state == STARTING, _is_due(now))
        .order_by(LabSession.next_try_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    found = db.session.execute(query).one_or_none()
    if found is None:
        return None
    claimed = lab_moves.change(found.id, STARTING, failures=found.failures + 1, **_claim(now))
    return _whole(claimed) if claimed else None


def place(lab_session: LabSession) -> tuple[int, int]:
    """Return a waiting session's position, from 1, and how many wait."""
    before = tuple_(LabSession.queued_at, LabSession.id) < tuple_(lab_session.queued_at, lab_session.id)
    query = select(func.count().filter(before), func.count()).where(LabSession.state == QUEUED)
    ahead, waiting = db.session.execute(query).one()
    return ahead + 1, waiting


def oldest_waiting() -> datetime | None:
    """Return since when the first in the queue has waited."""
    return db.session.scalar(select(func.min(LabSession.queued_at)).where(LabSession.state == QUEUED))


def _eligible(limits: Limits, now: datetime) -> Select[tuple[object]]:
    other = aliased(LabSession)
    mine = select(func.count()).where(other.user_id == LabSession.user_id, other.state.in_(lab_moves.OCCUPYING))
    return (
        select(LabSession.id)
        .where(LabSession.state == QUEUED, _is_due(now), mine.scalar_subquery() < limits.per_user)
        .order_by(LabSession.queued_at, LabSession.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )


def _is_due(now: datetime) -> object:
    return or_(LabSession.next_try_at.is_(None), LabSession.next_try_at <= now)


def _claim(now: datetime) -> dict[str, datetime]:
    return {"claimed_at": now, "next_try_at": now + LEASE}


def _whole(claimed: LabSession) -> LabSession:
    query = (
        select(LabSession)
        .options(joinedload(LabSession.lab), joinedload(LabSession.user), joinedload(LabSession.course))
        .where(LabSession.id == claimed.id)
    )
    return db.session.scalars(query).one()
