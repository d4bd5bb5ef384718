"""Which queued lab starts next: held exactly to the limits, whatever races."""

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select, update

from extensions import db
from models import LabSession
from models.lab_session import QUEUED, STARTING, STOPPING
from services import lab_queue, lab_room, labs, timelines, warm_labs
from services.lab_queue import Choice, Limits

__all__ = [
    "Limits",
    "claim_lost",
    "claim_next",
    "claim_stop",
    "is_held",
    "oldest_queued",
    "oldest_stopping",
    "pause",
    "renew",
]

# A start that takes longer without being renewed belongs to a scheduler that died.
LOST_AFTER = timedelta(seconds=20)
# A stop that takes longer is done again by somebody else.
HOLD = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(seconds=60)
TRIES = 3


def claim_next(limits: Limits, now: datetime) -> LabSession | None:
    """Move the session whose turn it is to `starting`, maybe with a warm machine; None if the limits allow nobody.

    The order is that of `lab_queue`. Where somebody waits for room, warm machines of other labs are given up for them.
    The lock lasts until the caller commits.
    """
    lab_room.lock()
    for _ in range(TRIES):
        held = lab_room.holdings(limits.instance)
        if held.is_down or (held.total >= limits.total and not held.warm):
            return None
        turn = lab_queue.order(lab_room.waiting(), held.by_course, limits.user)
        choice = lab_queue.choose(turn, held, limits, now)
        if choice.entry is None:
            warm_labs.give_up(choice.evicted)
            return None
        found = db.session.get(LabSession, choice.entry.id, populate_existing=True, with_for_update=True)
        if found is not None and found.state == QUEUED and _claim(found, choice, now):
            return found
    return None


def _claim(found: LabSession, choice: Choice, now: datetime) -> bool:
    """Move it, unless its warm machine has gone at this moment."""
    job_id, is_warm = found.job_id, False
    if choice.is_adopting:
        adopted = warm_labs.adopt(found.lab_id, now)
        if adopted is None:
            return False
        job_id, is_warm = adopted, True
    elif found.is_warm:
        # The warm machine that it had is gone, or can't be reached: never start another one under that name.
        job_id = labs.job_id(found.course.slug, found.lab.slug, found.user.handle, found.id)
    is_first_try = not found.waiting_for
    if not labs.move(
        found, QUEUED, STARTING, claimed_at=now, next_try_at=None, job_id=job_id, is_warm=is_warm, node=""
    ):
        return False
    if is_first_try:
        # Whoever asked while the claim waited for its lock did so after this clock was read.
        timelines.note(found.id, "claimed", max(now, found.queued_at))
    if is_warm:
        timelines.note(found.id, "adopted", now, job=job_id)
    return True


def claim_lost(now: datetime, held: Collection[uuid.UUID] = (), instance: str = "") -> LabSession | None:
    """Take up a start that came to nothing, or that of a scheduler that died.

    Either counts as a failure, so that none is taken up for ever. It kept its slot meanwhile. `held` is what this
    process starts itself: one that was paused for a while must not take over from itself. What has no claim waits for
    the cluster of `instance`: that counts nothing, and isn't taken up before it answers.
    """
    # A claim of the future is of a clock that was set back since.
    is_old = or_(LabSession.claimed_at < now - LOST_AFTER, LabSession.claimed_at > now + LOST_AFTER)
    is_let_go = or_(LabSession.next_try_at <= now, and_(LabSession.next_try_at.is_(None), is_old))
    query = (
        select(LabSession)
        .where(LabSession.state == STARTING, is_let_go, LabSession.id.not_in(held))
        .order_by(LabSession.claimed_at, LabSession.queued_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if lab_room.is_down(instance):
        query = query.where(LabSession.claimed_at.is_not(None))
    found = db.session.scalar(query)
    if found is None:
        return None
    failures = found.failures if found.claimed_at is None else found.failures + 1
    labs.change(found, STARTING, claimed_at=now, next_try_at=None, failures=failures)
    return found


def is_held(session_id: uuid.UUID, job_id: str, claimed_at: datetime | None) -> bool:
    """Say whether the start of this job, claimed at this time, is still the caller's; it stays so until they commit.

    Whoever was away for long (a paused process) may have been taken over, or their student may have left.
    """
    query = select(LabSession.id).where(LabSession.id == session_id, LabSession.state == STARTING)
    query = query.where(LabSession.job_id == job_id, LabSession.claimed_at == claimed_at)
    return db.session.scalar(query.with_for_update()) is not None


def renew(session_ids: Sequence[uuid.UUID], now: datetime) -> None:
    """Say that these starts are still in hand; when they were claimed stays, for it is measured."""
    db.session.execute(
        update(LabSession)
        .where(LabSession.id.in_(session_ids), LabSession.state == STARTING)
        .values(next_try_at=now + LOST_AFTER)
        .execution_options(synchronize_session=False)
    )


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
