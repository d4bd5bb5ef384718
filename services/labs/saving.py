"""Saving students' work before a machine ends: what is due, what a failure leads to, and what is written of it."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, ScalarSelect, func, or_, select

from extensions import db
from models import Lab, LabSession
from models.lab_session import RUNNING, STOPPING
from services import leases, live, timelines
from services.capacity import holdings
from services.labs import lifecycle
from services.leases import LEASE
from services.saves import store
from services.saves.archives import MEGABYTE, Archive, NotSaved

TRIES = 3
# A machine that runs and doesn't answer: its node may be busy.
TRIES_TO_REACH = 6
# So often a cluster is asked that doesn't answer. Nothing ends meanwhile, so nothing is lost by waiting.
AWAY_PAUSE = timedelta(seconds=5)
# A lab that can't be saved is tried again so often: its student may make room.
RETRY = timedelta(minutes=10)
AWAY = "The cluster doesn't answer."
GONE = "The machine is gone, and with it what was done since the last save."

# A running lab whose save is asked for, or failed before.
WANTED = or_(LabSession.save_requested_at.is_not(None), LabSession.save_error != "")
# What a start settles.
BEGUN = {"is_fresh": False, "restore_id": None, "is_settled": False, "save_error": "", "save_requested_at": None}

Outcome = Literal["again", "wait", "keep", "stop", "leave"]


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


def claim_due(now: datetime) -> LabSession | None:
    """Take a running lab whose save is asked for, or failed some time ago; None if there is none."""
    query = (
        select(LabSession)
        .where(
            LabSession.state == RUNNING,
            WANTED,
            or_(LabSession.next_try_at.is_(None), LabSession.next_try_at <= now),
        )
        .order_by(LabSession.save_requested_at, LabSession.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    found = db.session.scalar(query)
    if found is not None:
        found.next_try_at, found.holder = now + LEASE, leases.holder()
        db.session.flush()
    return found


def due(now: ColumnElement[datetime]) -> ScalarSelect[Any]:
    """Ask from when on a running lab is to be saved."""
    at = func.coalesce(LabSession.next_try_at, now)
    return select(func.min(at)).where(LabSession.state == RUNNING, WANTED).scalar_subquery()


def keep(order: Order, archive: Archive, now: datetime) -> Outcome:
    """Write the save down; return "stop" where it was the last and the machine may end."""
    found = db.session.get(LabSession, order.session_id, populate_existing=True, with_for_update=True)
    if found is None or found.job_id != order.job_id:
        return "leave"
    save = store.put(found, archive, order.reason, now)
    found.saved_at, found.save_error, found.save_requested_at, found.waiting_for = now, "", None, ""
    found.is_settled, found.failures = order.is_last and found.state == STOPPING, 0
    if found.state == RUNNING:
        found.next_try_at, found.detail = None, ""
    timelines.note(found.id, "saved", now, **store.receipt(save))
    live.lab_changed(found.id)
    db.session.flush()
    store.prune(found.user_id, found.lab_id)
    return "stop" if found.is_settled else "leave"


def decline(lab_session: LabSession) -> None:
    """Take a save back that was asked for where a lab keeps nothing."""
    lab_session.save_requested_at, lab_session.save_error, lab_session.next_try_at = None, "", None
    db.session.flush()


def fail(order: Order, fault: NotSaved, now: datetime) -> Outcome:
    """Write down that a save failed, and say what follows: try again, keep the lab running, or stop it all the same.

    While the cluster doesn't answer, that isn't a try: it waits.
    """
    found = db.session.get(LabSession, order.session_id, populate_existing=True, with_for_update=True)
    if found is None or found.job_id != order.job_id or found.state != (STOPPING if order.is_last else RUNNING):
        return "leave"
    if found.is_settled:
        return "stop"
    if fault.is_away:
        wait(found, now)
        return "wait"
    outcome = after_failure(
        is_running=found.state == RUNNING,
        reason="reset" if found.is_resetting else found.reason or "",
        is_forced=found.save_error != "",
        tries=found.failures + 1,
        fault=fault,
    )
    if outcome == "again":
        found.failures += 1
        found.next_try_at, found.holder = now + timedelta(seconds=2**found.failures), ""
    else:
        _settle(found, outcome, fault, now)
    db.session.flush()
    return outcome


def wait(found: LabSession, now: datetime) -> None:
    """Put what can't be saved or stopped now off until the cluster answers, however long that takes."""
    is_new = found.state == STOPPING and found.waiting_for != holdings.DOWN
    if is_new:
        timelines.note(found.id, "waiting", now, reason=holdings.DOWN)
    waiting_for = holdings.DOWN if found.state == STOPPING else ""
    lifecycle.change(found, found.state, waiting_for=waiting_for, next_try_at=now + AWAY_PAUSE)


def after_failure(*, is_running: bool, reason: str, is_forced: bool, tries: int, fault: NotSaved) -> Outcome:
    """Decide after `tries` failures. Pure.

    An idle lab goes on; so does one that its student stops, until they stop it again, knowing (`is_forced`). What
    ends for another reason ends without a save, and so does what has no machine any more. Where a save has failed for
    good before, one try is enough.
    """
    if fault.is_gone:
        return "leave" if is_running else "stop"
    most = TRIES_TO_REACH if fault.is_unreached else TRIES
    if tries < most and not fault.is_final and not is_forced:
        return "again"
    if is_running or reason == "idle" or (reason == "user" and not is_forced):
        return "keep"
    return "stop"


def _settle(found: LabSession, outcome: Outcome, fault: NotSaved, now: datetime) -> None:
    if found.save_error != fault.reason:
        timelines.note(found.id, "save_failed", now, reason=fault.reason, is_kept=outcome == "keep")
    values: dict[str, Any] = {"save_error": fault.reason, "save_requested_at": None, "failures": 0, "waiting_for": ""}
    if outcome == "keep" and found.state == STOPPING:
        lifecycle.move(found, STOPPING, RUNNING, reason=None, next_try_at=now + RETRY, **values)
    elif outcome == "stop":
        lifecycle.change(found, STOPPING, is_settled=True, **leases.taken(now), **values)
    else:
        lifecycle.change(found, RUNNING, next_try_at=now + RETRY, **values)


def note_restored(lab_session: LabSession, now: datetime) -> None:
    """Write down what the machine that has just started began with; before BEGUN goes into the row."""
    save = store.chosen(lab_session)
    if save is not None:
        timelines.note(lab_session.id, "restored", now, **store.receipt(save))
