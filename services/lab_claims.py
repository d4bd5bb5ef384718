"""Which queued lab starts next: held exactly to the limits, whatever races."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select, text
from sqlalchemy.orm import aliased

from extensions import db
from models import LabSession
from models.lab_session import QUEUED, RUNNING, STARTING, STOPPING
from services import labs

# Any number that nobody else uses: claims are made one at a time, so that the last slot is given once.
LOCK = 20_260_003
HOLDING = (STARTING, RUNNING, STOPPING)


@dataclass(frozen=True)
class Limits:
    """How many labs may hold a machine, in all and for one person."""

    total: int
    user: int


def claim_next(limits: Limits, *, now: datetime) -> LabSession | None:
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
        select(func.count())
        .where(other.user_id == LabSession.user_id, other.state.in_(HOLDING))
        .scalar_subquery()
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
    if found is None or not labs.move(found, QUEUED, STARTING, claimed_at=now):
        return None
    return found
