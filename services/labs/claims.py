"""Which queued lab starts next: held exactly to the limits, whatever races."""

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, and_, case, func, or_, select

from extensions import db
from models import LabSession
from models.lab_session import QUEUED, RUNNING, STARTING, STOPPING
from services import leases
from services.capacity import holdings, order
from services.capacity.order import Choice, Limits
from services.labs import job_names, lifecycle, warm_stock
from services.leases import LEASE

__all__ = [
    "Limits",
    "claim_lost",
    "claim_next",
    "claim_stop",
    "is_any_running",
    "is_held",
    "oldest_queued",
    "oldest_stopping",
    "start_due",
    "stop_due",
]

TRIES = 3


def claim_next(limits: Limits, now: datetime) -> LabSession | None:
    """Move the session whose turn it is to `starting`, maybe with a warm machine; None if the limits allow nobody.

    The order is that of `capacity/order.py`. Where somebody waits for room, warm machines of other labs are given up
    for them. The lock lasts until the caller commits.
    """
    holdings.lock()
    for _ in range(TRIES):
        held = holdings.holdings(limits.instance)
        if held.is_down or (held.total >= limits.total and not held.warm):
            return None
        turn = order.order(holdings.waiting(), held.by_course, limits.user)
        choice = order.choose(turn, held, limits, now)
        if choice.entry is None:
            warm_stock.give_up(choice.evicted)
            return None
        lab_session = db.session.get(LabSession, choice.entry.id, populate_existing=True, with_for_update=True)
        if lab_session is not None and lab_session.state == QUEUED and _claim(lab_session, choice, now):
            return lab_session
    return None


def _claim(lab_session: LabSession, choice: Choice, now: datetime) -> bool:
    """Claim it, unless its warm machine has gone at this moment."""
    job = lab_session.job_id
    if choice.is_adopting:
        adopted = warm_stock.adopt(lab_session.lab_id, now)
        if adopted is None:
            return False
        job = adopted
    elif lab_session.is_warm:
        # The warm machine that it had is gone, or can't be reached: never start another one under that name.
        names = lab_session.course.slug, lab_session.lab.slug, lab_session.user.handle
        job = job_names.job_id(*names, lab_session.id)
    return lifecycle.claim(lab_session, now, job=job, is_warm=choice.is_adopting)


def claim_lost(now: datetime, held: Collection[uuid.UUID] = (), instance: str = "") -> LabSession | None:
    """Take up a start that came to nothing, or that of a scheduler that died.

    Either counts as a failure, so that none is taken up for ever. It kept its slot meanwhile. `held` is what this
    process starts itself: one that was paused for a while must not take over from itself. What has no claim waits for
    the cluster of `instance`: that counts nothing, and isn't taken up before it answers.
    """
    # A claim of the future is of a clock that was set back since.
    is_old = or_(LabSession.claimed_at < now - LEASE, LabSession.claimed_at > now + LEASE)
    is_let_go = or_(LabSession.next_try_at <= now, and_(LabSession.next_try_at.is_(None), is_old))
    query = (
        select(LabSession)
        .where(LabSession.state == STARTING, is_let_go, LabSession.id.not_in(held))
        .where(or_(LabSession.claimed_at.is_not(None), ~holdings.down(instance)))
        .order_by(LabSession.claimed_at, LabSession.queued_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    lab_session = db.session.scalar(query)
    if lab_session is None:
        return None
    lifecycle.claim_again(lab_session, now)
    return lab_session


def is_held(session_id: uuid.UUID, job_id: str, claimed_at: datetime | None) -> bool:
    """Say whether the start of this job, claimed at this time, is still the caller's; it stays so until they commit.

    Whoever was away for long (a paused process) may have been taken over, or their student may have left.
    """
    query = select(LabSession.id).where(LabSession.id == session_id, LabSession.state == STARTING)
    query = query.where(LabSession.job_id == job_id, LabSession.claimed_at == claimed_at)
    return db.session.scalar(query.with_for_update()) is not None


def claim_stop(now: datetime, held: Collection[uuid.UUID] = ()) -> LabSession | None:
    """Take a session whose machine is to be stopped, also one whose stop got stuck, but not one of those `held`."""
    query = (
        select(LabSession)
        .where(LabSession.state == STOPPING, or_(LabSession.next_try_at.is_(None), LabSession.next_try_at <= now))
        .where(LabSession.id.not_in(held))
        .order_by(LabSession.queued_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    lab_session = db.session.scalar(query)
    if lab_session is not None:
        leases.take(lab_session, now)
    return lab_session


def start_due(now: ColumnElement[datetime]) -> ScalarSelect[Any]:
    """Ask from when on a start is to be looked at: one that waits, or one that nobody holds any more."""
    lost_at = case((LabSession.claimed_at > now + LEASE, now), else_=LabSession.claimed_at + LEASE)
    at = case((LabSession.state == QUEUED, func.coalesce(LabSession.next_try_at, now)), else_=LabSession.next_try_at)
    query = select(func.min(func.coalesce(at, lost_at))).where(LabSession.state.in_((QUEUED, STARTING)))
    return query.scalar_subquery()


def stop_due(now: ColumnElement[datetime]) -> ScalarSelect[Any]:
    """Ask from when on a machine is to be stopped."""
    query = select(func.min(func.coalesce(LabSession.next_try_at, now))).where(LabSession.state == STOPPING)
    return query.scalar_subquery()


def oldest_queued(_now: ColumnElement[datetime]) -> ScalarSelect[Any]:
    """Ask since when the first one waits."""
    return select(func.min(LabSession.queued_at)).where(LabSession.state == QUEUED).scalar_subquery()


def oldest_stopping(_now: ColumnElement[datetime]) -> ScalarSelect[Any]:
    """Ask since when a machine should be stopped that nobody is stopping."""
    return select(func.min(LabSession.next_try_at)).where(LabSession.state == STOPPING).scalar_subquery()


def is_any_running(_now: ColumnElement[datetime]) -> ScalarSelect[Any]:
    """Ask whether any lab runs."""
    return select(select(LabSession.id).where(LabSession.state == RUNNING).exists()).scalar_subquery()
