"""A person asks for an archive of their own data; the scheduler makes it, and forgets it after some days."""

from datetime import datetime, timedelta
from typing import Any

from redis import Redis
from sqlalchemy import ColumnElement, ScalarSelect, func, select
from sqlalchemy.dialects.postgresql import insert

from extensions import db
from models import Blob, DataExport, User
from models.data_export import EXPORT_EXPIRED, EXPORT_FAILED, EXPORT_QUEUED, EXPORT_READY, EXPORT_TRANSITIONS
from services import blobs, changes, live
from services.errors import NotFound
from services.persons import archives
from services.persons.archives import Tell

TOPIC = "exports"
KEPT = timedelta(days=7)
MOST_TRIES = 3
PAUSE = timedelta(minutes=5)
PROGRESS = "yurt:data-export:{}"


def ask(user: User, *, now: datetime) -> DataExport:
    """Have an archive made; where one is being made, it is that one. One that is ready stays until the new one is."""
    queued = insert(DataExport).values(user_id=user.id, state=EXPORT_QUEUED, asked_at=now, due_at=now, tries=0)
    db.session.execute(queued.on_conflict_do_nothing())
    live.nudge(TOPIC)
    query = select(DataExport).where(DataExport.user_id == user.id, DataExport.state == EXPORT_QUEUED)
    return db.session.scalars(query).one()


def newest(user_id: int) -> list[DataExport]:
    """Return what somebody asked for lately, the newest first."""
    query = select(DataExport).where(DataExport.user_id == user_id).order_by(DataExport.id.desc()).limit(5)
    return list(db.session.scalars(query))


def find(export_id: int, user_id: int) -> DataExport:
    """Return a person's own archive; raise NotFound."""
    row = db.session.get(DataExport, export_id) if export_id < 2**63 else None
    if row is None or row.user_id != user_id:
        raise NotFound
    return row


def read(row: DataExport, *, now: datetime) -> bytes:
    """Return the bytes of an archive that is ready and hasn't expired; raise NotFound."""
    if row.state != EXPORT_READY or row.due_at is None or row.due_at <= now:
        raise NotFound
    data: bytes = db.session.scalars(select(Blob.data).where(Blob.sha256 == row.sha256)).one()
    return data


def progress(redis: Redis, export_id: int) -> tuple[int, int] | None:
    """Return how many parts are done and of how many, while the scheduler makes an archive."""
    kept: Any = redis.get(PROGRESS.format(export_id))
    return tuple(map(int, kept.split())) if kept else None  # type: ignore[return-value]  # two numbers


def note_progress(redis: Redis, export_id: int, done: int, total: int) -> None:
    """Keep how far an archive is."""
    redis.set(PROGRESS.format(export_id), f"{done} {total}", ex=300)


def due(_now: ColumnElement[datetime]) -> ScalarSelect[Any]:
    """Ask from when on an archive is to be made, or forgotten."""
    return select(func.min(DataExport.due_at)).where(DataExport.due_at.is_not(None)).scalar_subquery()


def take(*, now: datetime) -> DataExport | None:
    """Return the archive that is due first, locked until the commit; None where none is."""
    query = select(DataExport).where(DataExport.due_at <= now).order_by(DataExport.due_at, DataExport.id).limit(1)
    return db.session.scalar(query.with_for_update(skip_locked=True))


def go_on(row: DataExport, *, now: datetime, tell: Tell) -> DataExport:
    """Make an archive, or forget one whose time is over; the caller has locked the row."""
    if row.state == EXPORT_READY:
        return _forget(row)
    data = archives.build(db.session.get_one(User, row.user_id), now=now, tell=tell)
    for old in db.session.scalars(
        select(DataExport).where(DataExport.user_id == row.user_id, DataExport.state == EXPORT_READY)
    ).all():
        _forget(old)
    values = {"sha256": blobs.keep(data), "size": len(data), "ready_at": now, "due_at": now + KEPT}
    return _move(row, EXPORT_READY, **values)


def put_off(export_id: int, *, now: datetime) -> None:
    """Try again later what failed, three times in all."""
    row = db.session.get_one(DataExport, export_id)
    if row.tries + 1 >= MOST_TRIES:
        _move(row, EXPORT_FAILED, tries=row.tries + 1, due_at=None)
    else:
        changes.one(DataExport, DataExport.id == row.id, tries=row.tries + 1, due_at=now + PAUSE)


def _forget(row: DataExport) -> DataExport:
    sha256 = row.sha256
    gone = _move(row, EXPORT_EXPIRED, sha256=None, due_at=None)
    if sha256 is not None:
        blobs.drop(sha256)
    return gone


def _move(row: DataExport, new: str, **values: Any) -> DataExport:
    if new not in EXPORT_TRANSITIONS[row.state]:
        raise ValueError(f"an archive can't go from {row.state} to {new}")
    moved = changes.one(DataExport, DataExport.id == row.id, DataExport.state == row.state, state=new, **values)
    if moved is None:
        raise NotFound
    return moved
