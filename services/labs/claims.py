"""Claims the queued lab that starts next, within the limits even when several schedulers claim at once."""

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, func, or_, select

from extensions import db
from models import GradingRun, LabSession, WarmLab
from models.grading_run import OPEN_RUNS
from models.lab_session import ENDED, QUEUED, RUNNING, STARTING, STOPPING
from services import leases
from services.capacity import holdings, order
from services.capacity.order import Choice, Limits
from services.labs import job_names, lifecycle, warm_stock

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
    """Take up a start that failed, or whose scheduler died.

    Either counts as a failure, so that no start is taken up for ever. It kept its slot meanwhile. `held` are the
    sessions that this process is starting: one that was paused for a while must not take over from itself. A session
    without a claim waits for the cluster of `instance`: it is taken up when that answers, and no try is counted.
    """
    may_answer = or_(LabSession.claimed_at.is_not(None), ~holdings.down(instance))
    order_by = LabSession.claimed_at, LabSession.queued_at
    lab_session = leases.next_due(
        LabSession, now, LabSession.state == STARTING, may_answer, order_by=order_by, but=held
    )
    if lab_session is not None:
        lifecycle.claim_again(lab_session, now)
    return lab_session


def is_held(session_id: uuid.UUID, job_id: str, claimed_at: datetime | None) -> bool:
    """Say whether the start of this job, claimed at this time, is still the caller's; it stays so until they commit.

    After a long pause of the process, another may have taken the start over, or the student may have left.
    """
    query = select(LabSession.id).where(LabSession.id == session_id, LabSession.state == STARTING)
    query = query.where(LabSession.job_id == job_id, LabSession.claimed_at == claimed_at)
    return db.session.scalar(query.with_for_update()) is not None


def claim_stop(now: datetime, held: Collection[uuid.UUID] = ()) -> LabSession | None:
    """Claim a session whose machine is to be stopped, also one whose stop was cut off, but none of those `held`."""
    return leases.claim(LabSession, now, LabSession.state == STOPPING, order_by=[LabSession.queued_at], but=held)


def start_due(now: ColumnElement[datetime]) -> ScalarSelect[Any]:
    """Ask for the time at which a start is due: one that waits, or one whose lease has run out."""
    return leases.due(LabSession, now, LabSession.state.in_((QUEUED, STARTING)))


def stop_due(now: ColumnElement[datetime]) -> ScalarSelect[Any]:
    """Ask from when on a machine is to be stopped."""
    return leases.due(LabSession, now, LabSession.state == STOPPING)


def oldest_queued(_now: ColumnElement[datetime]) -> ScalarSelect[Any]:
    """Ask since when the first one waits."""
    return select(func.min(LabSession.queued_at)).where(LabSession.state == QUEUED).scalar_subquery()


def oldest_stopping(_now: ColumnElement[datetime]) -> ScalarSelect[Any]:
    """Ask since when the first machine that nobody is stopping waits for its stop."""
    return select(func.min(leases.due_at(LabSession))).where(LabSession.state == STOPPING).scalar_subquery()


def is_any_open(_now: ColumnElement[datetime]) -> ScalarSelect[Any]:
    """Ask whether any lab waits, has a machine, or is kept warm, or an answer is tested."""
    is_open = select(LabSession.id).where(LabSession.state != ENDED).exists()
    is_tested = select(GradingRun.id).where(GradingRun.state.in_(OPEN_RUNS)).exists()
    return select(or_(is_open, is_tested, select(WarmLab.id).exists())).scalar_subquery()


def is_any_running(_now: ColumnElement[datetime]) -> ScalarSelect[Any]:
    """Ask whether any lab runs."""
    return select(select(LabSession.id).where(LabSession.state == RUNNING).exists()).scalar_subquery()
