"""Students' work in labs: kept before a machine ends, given back to the next one.

A save is an archive in `blobs` and a row that names it; the newest three of a student and lab are kept.
"""

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Update, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import undefer

from extensions import db
from models import Blob, CourseFile, Lab, LabSave, LabSession
from models.lab_session import RUNNING, STOPPING
from services import labs, live, timelines
from services.errors import NotFound
from services.save_archives import MEGABYTE, Archive, NotSaved

KEPT = 3
TRIES = 3
# How long a save may take before somebody else takes over; who saves renews it.
HOLD = timedelta(seconds=30)
# A lab that can't be saved is tried again so often: its student may make room.
RETRY = timedelta(minutes=10)
GONE = "The machine is gone, and with it what was done since the last save."

# What a start settles.
BEGUN = {"is_fresh": False, "restore_id": None, "is_settled": False, "save_error": "", "save_requested_at": None}

Outcome = Literal["again", "keep", "stop", "leave"]


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
            or_(LabSession.save_requested_at.is_not(None), LabSession.save_error != ""),
            or_(LabSession.next_try_at.is_(None), LabSession.next_try_at <= now),
        )
        .order_by(LabSession.save_requested_at, LabSession.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    found = db.session.scalar(query)
    if found is not None:
        found.next_try_at = now + HOLD
        db.session.flush()
    return found


def keep(order: Order, archive: Archive, now: datetime) -> Outcome:
    """Write the save down; return "stop" where it was the last and the machine may end."""
    found = db.session.get(LabSession, order.session_id, populate_existing=True, with_for_update=True)
    if found is None:
        return "leave"
    save = _row(found, archive, order.reason, now)
    found.saved_at, found.save_error, found.save_requested_at = now, "", None
    found.is_settled, found.failures = order.is_last and found.state == STOPPING, 0
    if found.state == RUNNING:
        found.next_try_at = None
    timelines.note(found.id, "saved", now, **receipt(save))
    live.lab_changed(found.id)
    db.session.flush()
    _prune(found.user_id, found.lab_id)
    return "stop" if found.is_settled else "leave"


def _row(lab_session: LabSession, archive: Archive, reason: str, now: datetime) -> LabSave:
    digest = _store(archive.data)
    save = newest(lab_session.user_id, lab_session.lab_id)
    if save is None or save.sha256 != digest:
        save = LabSave(user_id=lab_session.user_id, lab_id=lab_session.lab_id, sha256=digest, size=len(archive.data))
        db.session.add(save)
    save.session_id, save.reason, save.created_at = lab_session.id, reason, now
    save.files, save.skipped = archive.files, archive.skipped
    db.session.flush()
    return save


def _store(data: bytes) -> str:
    """Keep the bytes and hold them until the transaction ends, so that nobody drops them before they are named."""
    digest = hashlib.sha256(data).hexdigest()
    held = select(Blob.sha256).where(Blob.sha256 == digest).with_for_update(key_share=True, read=True)
    if db.session.scalar(held) is None:
        row = insert(Blob).values(sha256=digest, size=len(data), data=data)
        db.session.execute(row.on_conflict_do_update(index_elements=[Blob.sha256], set_={"size": len(data)}))
    return digest


def _prune(user_id: int, lab_id: int) -> None:
    """Drop all but the newest saves, and what they alone used. One that a lab is to begin with stays."""
    mine = (LabSave.user_id == user_id, LabSave.lab_id == lab_id)
    newest_ids = select(LabSave.id).where(*mine).order_by(LabSave.id.desc()).limit(KEPT)
    wanted = select(LabSession.restore_id).where(LabSession.restore_id.is_not(None))
    old = delete(LabSave).where(*mine, LabSave.id.not_in(newest_ids), LabSave.id.not_in(wanted))
    for digest in set(db.session.scalars(old.returning(LabSave.sha256)).all()):
        _drop(digest)


def _drop(digest: str) -> None:
    """Drop bytes that nothing names. The foreign keys have the last word: whoever names them meanwhile keeps them."""
    is_used = or_(
        select(LabSave.id).where(LabSave.sha256 == digest).exists(),
        select(CourseFile.path).where(CourseFile.sha256 == digest).exists(),
    )
    if db.session.scalar(select(is_used)):
        return
    try:
        with db.session.begin_nested():
            db.session.execute(delete(Blob).where(Blob.sha256 == digest))
    except IntegrityError:
        return


def decline(lab_session: LabSession) -> None:
    """Take a save back that was asked for where a lab keeps nothing."""
    lab_session.save_requested_at, lab_session.save_error, lab_session.next_try_at = None, "", None
    db.session.flush()


def fail(order: Order, fault: NotSaved, now: datetime) -> Outcome:
    """Write down that a save failed, and say what follows: try again, keep the lab running, or stop it all the same."""
    found = db.session.get(LabSession, order.session_id, populate_existing=True, with_for_update=True)
    if found is None or found.state != (STOPPING if order.is_last else RUNNING):
        return "leave"
    if found.is_settled:
        return "stop"
    outcome = after_failure(
        is_running=found.state == RUNNING,
        reason="reset" if found.is_resetting else found.reason or "",
        is_forced=found.save_error != "",
        tries=found.failures + 1,
        fault=fault,
    )
    if outcome == "again":
        found.failures += 1
        found.next_try_at = now + timedelta(seconds=2**found.failures)
    else:
        _settle(found, outcome, fault, now)
    db.session.flush()
    return outcome


def after_failure(*, is_running: bool, reason: str, is_forced: bool, tries: int, fault: NotSaved) -> Outcome:
    """Decide after `tries` failures. Pure.

    An idle lab goes on; so does one that its student stops, until they stop it again, knowing (`is_forced`). What
    ends for another reason ends without a save, and so does what has no machine any more. Where a save has failed for
    good before, one try is enough.
    """
    if fault.is_gone:
        return "leave" if is_running else "stop"
    if tries < TRIES and not fault.is_final and not is_forced:
        return "again"
    if is_running or reason == "idle" or (reason == "user" and not is_forced):
        return "keep"
    return "stop"


def _settle(found: LabSession, outcome: Outcome, fault: NotSaved, now: datetime) -> None:
    if found.save_error != fault.reason:
        timelines.note(found.id, "save_failed", now, reason=fault.reason, is_kept=outcome == "keep")
    values: dict[str, Any] = {"save_error": fault.reason, "save_requested_at": None, "failures": 0}
    if outcome == "keep" and found.state == STOPPING:
        labs.move(found, STOPPING, RUNNING, reason=None, next_try_at=now + RETRY, **values)
    elif outcome == "stop":
        labs.change(found, STOPPING, is_settled=True, next_try_at=now + HOLD, **values)
    else:
        labs.change(found, RUNNING, next_try_at=now + RETRY, **values)


def renewal(session_id: uuid.UUID, now: datetime) -> Update:
    """Return the statement that keeps others for a while from a save or a stop in hand."""
    return (
        update(LabSession)
        .where(LabSession.id == session_id, LabSession.state.in_((RUNNING, STOPPING)))
        .values(next_try_at=now + HOLD)
    )


def receipt(save: LabSave) -> dict[str, Any]:
    """Return what the student is shown of a save, fit for JSON."""
    return {
        "save_id": save.id,
        "saved_at": save.created_at.isoformat(),
        "files": save.files,
        "size": save.size,
        "skipped": save.skipped,
        "sha256": save.sha256,
    }


def newest(user_id: int, lab_id: int) -> LabSave | None:
    """Return the person's newest save of the lab."""
    return next(iter(of(user_id, lab_id, most=1)), None)


def of(user_id: int, lab_id: int, *, most: int = KEPT) -> list[LabSave]:
    """Return the person's saves of the lab, the newest first."""
    query = select(LabSave).where(LabSave.user_id == user_id, LabSave.lab_id == lab_id)
    return list(db.session.scalars(query.order_by(LabSave.id.desc()).limit(most)))


def load(save_id: int) -> LabSave:
    """Return a save; raise NotFound."""
    found = db.session.get(LabSave, save_id)
    if found is None:
        raise NotFound
    return found


def chosen(lab_session: LabSession) -> LabSave | None:
    """Return the save that the session's next machine begins with: the one asked for, or the newest unless fresh."""
    save = db.session.get(LabSave, lab_session.restore_id) if lab_session.restore_id is not None else None
    if save is None and not lab_session.is_fresh:
        return newest(lab_session.user_id, lab_session.lab_id)
    return save


def for_start(lab_session: LabSession) -> bytes | None:
    """Return the archive that the session's next machine begins with."""
    save = chosen(lab_session)
    return None if save is None else data_of(save)


def note_restored(lab_session: LabSession, now: datetime) -> None:
    """Write down what the machine that has just started began with; before BEGUN goes into the row."""
    save = chosen(lab_session)
    if save is not None:
        timelines.note(lab_session.id, "restored", now, **receipt(save))


def data_of(save: LabSave) -> bytes:
    """Return the archive of a save."""
    return db.session.scalars(select(Blob).where(Blob.sha256 == save.sha256).options(undefer(Blob.data))).one().data
