"""Saving students' work before a machine ends: what is due, what a failure leads to, and what is written of it."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, or_

from extensions import db
from models import Lab, LabSession
from models.lab_session import RUNNING, STOPPING
from services import leases, timelines
from services.capacity import holdings
from services.labs import lifecycle
from services.labs.moves import change
from services.saves import store
from services.saves.archives import MEGABYTE, Archive, NotSaved

RETRIES = leases.Retries(most=3)
# A machine that runs and doesn't answer: its node may be busy.
RETRIES_TO_REACH = leases.Retries(most=6)
# How long to wait before a cluster that didn't answer is asked again. Nothing ends meanwhile, so no work is lost.
AWAY_PAUSE = timedelta(seconds=5)
# How long to wait before a lab that couldn't be saved is tried again: its student may make room.
RETRY = timedelta(minutes=10)

# Nothing is wrong with the last save, and none is asked for.
NO_FAULT: dict[str, Any] = {"save_error": None, "save_requested_at": None, "waiting_for": None}
# A running lab whose save is asked for, or failed before.
WANTED = or_(LabSession.save_requested_at.is_not(None), LabSession.save_error.is_not(None))


class Outcome(StrEnum):
    """What a save leads to."""

    RETRY = "retry"  # it is tried again soon
    WAIT = "wait"  # the cluster doesn't answer: nothing ends meanwhile
    KEEP_RUNNING = "keep_running"  # the machine goes on, with its work unsaved
    STOP = "stop"  # the machine may end now
    NOT_OURS = "not_ours"  # the session has gone on meanwhile, or runs on with its work saved


@dataclass(frozen=True)
class Order:
    """A home to save: whose, in which job, and how many bytes its archive may have, packed and unpacked.

    `is_last` is of one that stops: it is the save after which the machine may end.
    """

    session_id: uuid.UUID
    job_id: str
    reason: str
    limit: int
    most_unpacked: int
    is_last: bool


def order_of(lab_session: LabSession, reason: str = "") -> Order | None:
    """Return what is to be saved before the machine ends; None where nothing is, or it is settled already."""
    lab = db.session.get_one(Lab, lab_session.lab_id)
    if lab_session.is_settled or lab_session.started_at is None or not lab.save_limit_mb:
        return None
    return Order(
        session_id=lab_session.id,
        job_id=lab_session.job_id,
        reason=reason or ("reset" if lab_session.is_resetting else lab_session.reason or "platform"),
        limit=lab.save_limit_mb * MEGABYTE,
        # What doesn't fit into the next machine's disk is no save.
        most_unpacked=max(lab.disk_mb, lab.save_limit_mb) * MEGABYTE,
        is_last=lab_session.state == STOPPING,
    )


def claim_due(now: datetime, held: Collection[uuid.UUID] = ()) -> LabSession | None:
    """Take a running lab whose save is asked for, or failed some time ago; None if there is none."""
    order_by = LabSession.save_requested_at, LabSession.id
    return leases.claim(LabSession, now, LabSession.state == RUNNING, WANTED, order_by=order_by, but=held)


def due(now: ColumnElement[datetime]) -> ScalarSelect[Any]:
    """Ask from when on a running lab is to be saved."""
    return leases.due(LabSession, now, LabSession.state == RUNNING, WANTED)


def keep(order: Order, archive: Archive, now: datetime) -> Outcome:
    """Write the save down; return STOP where it was the last and the machine may end."""
    lab_session = _locked(order)
    if lab_session is None:
        return Outcome.NOT_OURS
    save = store.put(lab_session, archive, order.reason, now)
    is_settled = order.is_last and lab_session.state == STOPPING
    values = {"saved_at": now, "tries": 0, "is_settled": is_settled, **NO_FAULT}
    if lab_session.state == RUNNING:
        values |= {**leases.FREE, "detail": None}
    change(lab_session, lab_session.state, **values)
    timelines.note(lab_session.id, "saved", now, **store.receipt(save))
    store.prune(lab_session.user_id, lab_session.lab_id)
    return Outcome.STOP if is_settled else Outcome.NOT_OURS


def decline(lab_session: LabSession) -> None:
    """Drop the request for a save of a lab that keeps no saves."""
    change(lab_session, RUNNING, **leases.FREE, **NO_FAULT)


def fail(order: Order, fault: NotSaved, now: datetime) -> Outcome:
    """Write down that a save failed, and say what follows: try again, keep the lab running, or stop it all the same.

    While the cluster doesn't answer, no try is counted: the save waits.
    """
    lab_session = _locked(order)
    if lab_session is None or lab_session.state != (STOPPING if order.is_last else RUNNING):
        return Outcome.NOT_OURS
    if lab_session.is_settled:
        return Outcome.STOP
    if fault.is_away:
        wait(lab_session, now)
        return Outcome.WAIT
    tries = lab_session.tries + 1
    outcome = after_failure(
        is_running=lab_session.state == RUNNING,
        reason="reset" if lab_session.is_resetting else lab_session.reason or "",
        is_forced=lab_session.save_error is not None,
        tries=tries,
        fault=fault,
    )
    if outcome is Outcome.RETRY:
        change(lab_session, lab_session.state, **RETRIES.later(tries, now))
    else:
        _settle(lab_session, outcome, fault, now)
    return outcome


def wait(lab_session: LabSession, now: datetime) -> None:
    """Put off a save or stop until the cluster answers, however long that takes."""
    is_stopping = lab_session.state == STOPPING
    if is_stopping and lab_session.waiting_for != holdings.DOWN:
        timelines.note(lab_session.id, "waiting", now, reason=holdings.DOWN)
    waiting_for = holdings.DOWN if is_stopping else None
    change(lab_session, lab_session.state, waiting_for=waiting_for, **leases.waiting(now + AWAY_PAUSE))


def wait_to_stop(session_id: uuid.UUID, job: str, now: datetime) -> None:
    """Put the end of this job off until the cluster answers."""
    lab_session = db.session.get(LabSession, session_id, populate_existing=True)
    if lab_session is not None and lab_session.job_id == job and lab_session.state == STOPPING:
        wait(lab_session, now)


def after_failure(*, is_running: bool, reason: str, is_forced: bool, tries: int, fault: NotSaved) -> Outcome:
    """Decide after `tries` failures. Pure.

    An idle lab goes on. So does one that its student stops, until they stop it again and know that it can't be saved
    (`is_forced`). A lab that ends for another reason, or has no machine any more, ends without a save. Where a save has
    failed for good before, one try is enough.
    """
    if fault.is_gone:
        return Outcome.NOT_OURS if is_running else Outcome.STOP
    retries = RETRIES_TO_REACH if fault.is_unreached else RETRIES
    if not retries.is_over(tries) and not fault.is_final and not is_forced:
        return Outcome.RETRY
    if is_running or reason == "idle" or (reason == "user" and not is_forced):
        return Outcome.KEEP_RUNNING
    return Outcome.STOP


def _locked(order: Order) -> LabSession | None:
    """Return the session of the order, locked; None where it is gone, or has another machine by now."""
    lab_session = db.session.get(LabSession, order.session_id, populate_existing=True, with_for_update=True)
    return lab_session if lab_session is not None and lab_session.job_id == order.job_id else None


def _settle(lab_session: LabSession, outcome: Outcome, fault: NotSaved, now: datetime) -> None:
    is_kept = outcome is Outcome.KEEP_RUNNING
    if lab_session.save_error != fault.reason:
        timelines.note(lab_session.id, "save_failed", now, reason=fault.reason, is_kept=is_kept)
    values = {**NO_FAULT, "save_error": fault.reason, "tries": 0}
    if is_kept and lab_session.state == STOPPING:
        lifecycle.keep_running(lab_session, until=now + RETRY, **values)
    elif outcome is Outcome.STOP:
        change(lab_session, STOPPING, is_settled=True, **leases.held(now), **values)
    else:
        change(lab_session, RUNNING, **leases.waiting(now + RETRY), **values)
