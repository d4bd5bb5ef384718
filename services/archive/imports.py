"""Imports by program: a zip is kept, read by the scheduler, and applied once somebody has agreed to what it would do.

What a preview says is what applying did, in a transaction that was taken back. Applying does the same again, and
keeps it if it is still that: `digest` names the zip, the course before, and what happens to it.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from redis import Redis
from sqlalchemy import ColumnElement, ScalarSelect, delete, func, select

from extensions import db
from models import CourseImport
from models.course_import import APPLIED, APPLYING, READING, READY, REFUSED, STALE, TRANSITIONS, WAITING
from reasons import Code, Reason
from services import audit, blobs, changes, live, policy
from services.archive import outcomes, parts, scenarios
from services.archive.content import CourseContent
from services.archive.export import collect
from services.archive.faults import ArchiveError, Fault, Faults
from services.archive.read import read_folder
from services.archive.write import layout
from services.archive.zips import ZipFolder, pack
from services.courses import catalogue, files, members
from services.errors import InvalidInput, NotFound, Refused

TOPIC = "imports"
MAX_ZIP = files.MAX_SIZE
# What nobody has applied is forgotten, and so is how it ended.
KEPT = timedelta(days=1)
# A page lists so many.
MOST_LISTED = 20
PROGRESS = "yurt:import:{}"


def ask(data: bytes, *, by_id: int, now: datetime, into: str | None = None) -> CourseImport:
    """Keep a zip for the scheduler to read; raise InvalidInput for one that is too large. Scenarios of other programs
    become labs of the course `into`, or of a new one."""
    if not data:
        raise InvalidInput("body", Reason(Code.FILE_EMPTY))
    if len(data) > MAX_ZIP:
        raise InvalidInput("body", Reason(Code.FILE_TOO_LARGE, most_mb=MAX_ZIP // 2**20))
    old = CourseImport.made_at < now - KEPT
    db.session.execute(delete(CourseImport).where(CourseImport.made_by_id == by_id, old))
    made = CourseImport(sha256=blobs.keep(data), into=into, made_by_id=by_id, made_at=now, asked_at=now)
    db.session.add(made)
    db.session.flush()
    live.nudge(TOPIC)
    return made


def find(import_id: int, user_id: int) -> CourseImport:
    """Return a person's own import; raise NotFound."""
    row = db.session.get(CourseImport, import_id) if import_id < 2**63 else None
    if row is None or row.made_by_id != user_id:
        raise NotFound
    return row


def mine(user_id: int) -> list[CourseImport]:
    """Return what a person has sent and may still look at, the newest first."""
    own = select(CourseImport).where(CourseImport.made_by_id == user_id).order_by(CourseImport.id.desc())
    return list(db.session.scalars(own.limit(MOST_LISTED)))


def agree(row: CourseImport, *, digest: str, now: datetime) -> CourseImport:
    """Let the scheduler apply an import as its preview with this digest showed it.

    Refused as stale where the course is another one by now, or the digest is of another preview.
    """
    if row.state != READY:
        raise Refused(Reason(Code.COURSE_IMPORT_NOT_READY))
    if row.digest != digest or row.before != outcomes.state_of(row.slug or ""):
        raise Refused(Reason(Code.COURSE_IMPORT_STALE))
    moved = _move(row, APPLYING, asked_at=now)
    course = catalogue.look_for(row.slug or "")
    audit.note("course.import_agreed", course.id if course else None, **{"import": row.id}, slug=row.slug)
    live.nudge(TOPIC)
    return moved


def progress(redis: Redis, import_id: int) -> tuple[int, int] | None:
    """Return how many activities are done and of how many, while the scheduler works at an import."""
    kept: Any = redis.get(PROGRESS.format(import_id))
    if kept is None:
        return None
    done, total = kept.split()
    return int(done), int(total)


def note_progress(redis: Redis, import_id: int, done: int, total: int) -> None:
    """Keep how far an import is, as long as somebody may ask."""
    redis.set(PROGRESS.format(import_id), f"{done} {total}", ex=300)


def forget_progress(redis: Redis, import_id: int) -> None:
    """Say no more how far an import is: it rests, or is done."""
    redis.delete(PROGRESS.format(import_id))


def due(_now: ColumnElement[datetime]) -> ScalarSelect[Any]:
    """Ask since when an import waits for the scheduler."""
    return select(func.min(CourseImport.asked_at)).where(CourseImport.state.in_(WAITING)).scalar_subquery()


def take() -> CourseImport | None:
    """Return the import that waits longest, locked until the commit; None where none does."""
    waiting = select(CourseImport).where(CourseImport.state.in_(WAITING)).order_by(CourseImport.asked_at).limit(1)
    return db.session.scalars(waiting.with_for_update(skip_locked=True)).one_or_none()


def go_on(
    row: CourseImport,
    *,
    now: datetime,
    tell: Callable[[int, int], None] = lambda done, total: None,
    beat: Callable[[], None] = lambda: None,
) -> CourseImport:
    """Preview what was sent, or apply what was agreed to; the caller has locked the row.

    `tell` is told how many activities are done, and of how many; `beat` is called now and then, also before that.
    """
    try:
        content, findings = _opened(row, beat)
        total, done = sum(len(module.activities) for module in content.modules), itertools.count()

        def step() -> None:
            beat()
            tell(next(done), total)

        if row.state == READING:
            return _preview(row, content, findings, now, step)
        return _apply(row, content, now, step)
    except ArchiveError as error:
        return _refuse(row, error.faults, now)


def _opened(row: CourseImport, beat: Callable[[], None]) -> tuple[CourseContent, list[dict[str, Any]]]:
    """Return the course that a zip holds, or makes of scenarios; and what of these isn't carried."""
    data = files.read(row.sha256 or "")
    folder = ZipFolder(data, Faults(), beat)
    if "course.yaml" in folder or len(folder.faults):
        return read_folder(folder), []
    carried = scenarios.read(ZipFolder(data, Faults(), beat, mark=""))
    if not carried.labs:
        if row.into is None and not carried.findings:
            return read_folder(folder), []
        raise ArchiveError([Fault(".", 1, "zip", "holds neither a course.yaml nor a scenario that can be read")])
    content = scenarios.course_of(carried)
    if row.into is not None:
        _check_right(row, row.into)
        content = scenarios.added(collect(catalogue.find(row.into)), carried)
    # Read as any other folder is, so that nothing comes in which it would refuse.
    return read_folder(ZipFolder(pack(layout(content)), Faults(), beat)), carried.findings


def give_up(row: CourseImport, *, now: datetime) -> CourseImport:
    """Refuse what the site itself fails at: it has been logged, and is tried no more."""
    fault = Fault(".", 1, "zip", "can't be imported: something went wrong on our side, and was logged")
    return _refuse(row, [fault], now)


def _preview(
    row: CourseImport, content: CourseContent, findings: list[dict[str, Any]], now: datetime, step: Callable[[], None]
) -> CourseImport:
    _check_right(row, content.slug)
    tried = db.session.begin_nested()
    try:
        outcome = outcomes.of(content, now, step)
    finally:
        tried.rollback()
    values = {
        "slug": content.slug,
        "findings": findings,
        "report": outcome.report(),
        "digest": outcome.digest(row.sha256 or ""),
    }
    return _move(row, READY, before=outcome.before, **values)


def _apply(row: CourseImport, content: CourseContent, now: datetime, step: Callable[[], None]) -> CourseImport:
    sha256, agreed = row.sha256 or "", row.digest
    tried = db.session.begin_nested()
    try:
        outcome = outcomes.of(content, now, step)
    except ArchiveError:
        tried.rollback()
        raise
    if outcome.digest(sha256) != agreed:
        tried.rollback()
        return _move(row, STALE, sha256=None, ended_at=now)
    tried.commit()
    course = catalogue.find(content.slug)
    # What was edited on the site stays known as that where only labs came in.
    if row.into is None:
        outcomes.keep_baseline(course.id, parts.of_content(content), now)
    if outcome.is_new:
        members.set_role(course, row.made_by_id, "teacher", now=now)
    return _move(row, APPLIED, report=outcome.report(), sha256=None, ended_at=now)


def _check_right(row: CourseImport, slug: str) -> None:
    """Raise ArchiveError where the person may not change the course, or make one. Its name is all that is told."""
    course = catalogue.look_for(slug)
    if course is None:
        if not policy.may_create_courses(row.made_by, teaches=members.teaches(row.made_by_id)):
            raise ArchiveError(
                [Fault("course.yaml", 1, "slug", "names a course that isn't there; you may not make one")]
            )
    elif not policy.may_edit_course(row.made_by, members.role_of(row.made_by_id, course)):
        message = f"there is a course called {slug} already, which you don't teach"
        raise ArchiveError([Fault("course.yaml", 1, "slug", message)])


def _refuse(row: CourseImport, faults: Sequence[Fault], now: datetime) -> CourseImport:
    said = [asdict(fault) for fault in faults]
    return _move(row, REFUSED, faults=said, digest=None, sha256=None, ended_at=now)


def _move(row: CourseImport, new: str, **values: Any) -> CourseImport:
    if new not in TRANSITIONS[row.state]:
        raise ValueError(f"an import can't go from {row.state} to {new}")
    moved = changes.one(CourseImport, CourseImport.id == row.id, CourseImport.state == row.state, state=new, **values)
    if moved is None:
        raise Refused(Reason(Code.COURSE_IMPORT_NOT_READY))
    return moved
