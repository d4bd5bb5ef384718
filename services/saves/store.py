"""Stores saved homes, from which the next machine gets its student's work.

A save is an archive in `blobs` and a row that names it; the newest three of a student and lab are kept.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import undefer

from extensions import db
from models import Blob, LabSave, LabSession
from services import blobs
from services.errors import NotFound
from services.saves.archives import Archive

KEPT = 3


def put(lab_session: LabSession, archive: Archive, reason: str, now: datetime) -> LabSave:
    """Store a home. An archive equal to the newest save's gives that save a new time, and no second row."""
    digest = blobs.keep(archive.data)
    save = newest(lab_session.user_id, lab_session.lab_id)
    if save is None or save.sha256 != digest:
        save = LabSave(user_id=lab_session.user_id, lab_id=lab_session.lab_id, sha256=digest, size=len(archive.data))
        db.session.add(save)
    save.session_id, save.reason, save.created_at = lab_session.id, reason, now
    save.files, save.skipped = archive.files, archive.skipped
    db.session.flush()
    return save


def prune(user_id: int, lab_id: int) -> None:
    """Delete all but the newest saves, with their bytes. A save that a lab is to begin with stays."""
    mine = (LabSave.user_id == user_id, LabSave.lab_id == lab_id)
    newest_ids = select(LabSave.id).where(*mine).order_by(LabSave.id.desc()).limit(KEPT)
    wanted = select(LabSession.restore_id).where(LabSession.restore_id.is_not(None))
    old = delete(LabSave).where(*mine, LabSave.id.not_in(newest_ids), LabSave.id.not_in(wanted))
    for digest in set(db.session.scalars(old.returning(LabSave.sha256)).all()):
        blobs.drop(digest)


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
    save = db.session.get(LabSave, save_id)
    if save is None:
        raise NotFound
    return save


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


def data_of(save: LabSave) -> bytes:
    """Return the archive of a save."""
    return db.session.scalars(select(Blob).where(Blob.sha256 == save.sha256).options(undefer(Blob.data))).one().data
