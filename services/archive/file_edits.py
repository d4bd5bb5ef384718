"""Pictures and downloads of a course, put and removed one by one.

Texts that show a picture keep its room free, so they are rendered anew where it has another size.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from extensions import db
from models import Blob, Course, CourseFile
from reasons import Code, Reason
from services import audit
from services.archive import parts, pictures
from services.archive.apply import edit
from services.archive.edits import Draft, Saw, as_sent, begin
from services.archive.faults import Faults
from services.archive.folder import MAX_DEPTH, MAX_FILES, MAX_TOTAL, MEGABYTE, is_inside
from services.courses import files
from services.errors import InvalidInput, NotFound, Refused

BELOW = "files/"


@dataclass(frozen=True)
class Kept:
    """A file of a course, by its path below `files/`."""

    path: str
    size: int
    content_type: str
    version: str
    is_new: bool = False


def of_course(course: Course) -> list[Kept]:
    """Return the files of a course by their paths."""
    query = (
        select(CourseFile.path, Blob.size, CourseFile.content_type, CourseFile.sha256)
        .join(Blob, Blob.sha256 == CourseFile.sha256)
        .where(CourseFile.course_id == course.id)
        .order_by(CourseFile.path.collate("C"))
    )
    rows = db.session.execute(query).tuples()
    return [Kept(path.removeprefix(BELOW), size, kind, sha256) for path, size, kind, sha256 in rows]


def find(course: Course, path: str) -> tuple[Kept, bytes]:
    """Return a file with its bytes; raise NotFound."""
    row = files.of_course(course, BELOW + path)
    data = files.read(row.sha256)
    return Kept(path, len(data), row.content_type, row.sha256), data


def put(course: Course, path: str, data: bytes, *, saw: Saw, now: datetime) -> Kept:
    """Let the course have a file under a path.

    Raise InvalidInput, ArchiveError for a picture that isn't fit, or Refused where the file that is there isn't the one
    that the caller saw.
    """
    full = BELOW + path
    if not is_inside(full) or full.count("/") > MAX_DEPTH:
        raise InvalidInput("path", Reason(Code.FILE_PATH_UNFIT))
    if len(data) > files.MAX_SIZE:
        raise InvalidInput("body", Reason(Code.FILE_TOO_LARGE, most_mb=files.MAX_SIZE // MEGABYTE))
    with as_sent(full):
        faults = Faults()
        pictures.check(full, data, faults)
        faults.check()
    draft = begin(course)
    before = draft.files.get(full)
    if before is not None and not saw(before):
        raise Refused(Reason(Code.CHANGED_MEANWHILE))
    _check_room(draft, full, len(data))
    kept = Kept(path, len(data), files.sniff(data), files.store(data), is_new=before is None)
    row = db.session.get(CourseFile, (course.id, full)) or CourseFile(course_id=course.id, path=full)
    row.sha256, row.content_type = kept.version, kept.content_type
    db.session.add(row)
    db.session.flush()
    if before != kept.version:
        audit.note("file.put", course.id, path=path, size=kept.size)
        showing = parts.showing(draft.content, full)
        edit(course, draft.content, draft.content, now=now, renewed=showing, is_changed=True)
    return kept


def remove(course: Course, path: str, *, saw: Saw, now: datetime) -> None:
    """Take a file out of the course; refused while a text shows it or links to it."""
    draft, full = begin(course), BELOW + path
    version = draft.files.get(full)
    if version is None:
        raise NotFound
    if not saw(version):
        raise Refused(Reason(Code.CHANGED_MEANWHILE))
    if showing := parts.showing(draft.content, full):
        raise Refused(Reason(Code.FILE_IS_SHOWN, where=", ".join(sorted(showing)[:10])))
    db.session.delete(db.session.get_one(CourseFile, (course.id, full)))
    audit.note("file.removed", course.id, path=path)
    edit(course, draft.content, draft.content, now=now, is_changed=True)


def _check_room(draft: Draft, full: str, size: int) -> None:
    others = [path for path in draft.files if path != full]
    if any(path.startswith(f"{full}/") or full.startswith(f"{path}/") for path in others):
        raise InvalidInput("path", Reason(Code.FILE_PATH_TAKEN))
    total = db.session.scalar(
        select(func.coalesce(func.sum(Blob.size), 0))
        .join(CourseFile, CourseFile.sha256 == Blob.sha256)
        .where(CourseFile.course_id == draft.course.id, CourseFile.path != full)
    )
    if len(others) >= MAX_FILES or (total or 0) + size > MAX_TOTAL:
        raise InvalidInput("body", Reason(Code.COURSE_FULL, most=MAX_FILES, most_mb=MAX_TOTAL // MEGABYTE))
