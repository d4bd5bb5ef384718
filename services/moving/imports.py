"""Moving a file of questions into a bank: a preview is kept, then applied as a whole or not at all.

A preview that nobody applies is forgotten after a day. Applying reads the file again, in the course's turn: where it
would bring something else than its preview showed, nothing is changed.
"""

from datetime import datetime, timedelta

from sqlalchemy import delete, select

from extensions import db
from models import Course, CourseFile, QuestionImport
from models.question_import import APPLIED, PREVIEWED
from reasons import Code, Reason
from services import audit, blobs, changes, formats
from services.archive.content import QuestionContent
from services.bank import additions, named_files
from services.bank.states import touch
from services.courses import files, turns
from services.errors import NotFound, Refused
from services.moving import plans
from services.moving.plans import NEW, SIMILAR, Plan
from services.quizzes.uploads import plain_name

PREVIEWS_LAST = timedelta(days=1)


def preview(
    course: Course, data: bytes, *, name: str, wanted: str = "", by_id: int | None, now: datetime
) -> QuestionImport:
    """Read a file and keep what it would bring; raise InvalidInput, which says why it isn't taken as a whole."""
    name = plain_name(name)
    found, reading = formats.read(data, wanted)
    plan = plans.make(course, reading)
    stale = QuestionImport.made_at < now - PREVIEWS_LAST
    mine = QuestionImport.course_id == course.id
    db.session.execute(delete(QuestionImport).where(mine, QuestionImport.state == PREVIEWED, stale))
    made = QuestionImport(
        course_id=course.id,
        format=found,
        file_name=name,
        sha256=blobs.keep(data),
        state=PREVIEWED,
        made_by_id=by_id,
        made_at=now,
        **_told(plan),
    )
    db.session.add(made)
    db.session.flush()
    return made


def find(course: Course, import_id: int) -> QuestionImport:
    """Return an import of the course; raise NotFound."""
    row = db.session.get(QuestionImport, import_id) if import_id < 2**63 else None
    if row is None or row.course_id != course.id:
        raise NotFound
    return row


def apply(
    course: Course,
    import_id: int,
    *,
    digest: str,
    adds_similar: bool = False,
    by_id: int | None,
    now: datetime,
) -> QuestionImport:
    """Add what a preview showed, all of it or nothing: new questions as drafts, with their files.

    Refused as over where it was applied before, and as stale where it would bring something else now.
    """
    turns.take(course.slug)
    row = db.session.scalar(
        select(QuestionImport)
        .where(QuestionImport.id == find(course, import_id).id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None or row.state != PREVIEWED or row.sha256 is None:
        raise Refused(Reason(Code.IMPORT_APPLIED))
    _name, reading = formats.read(files.read(row.sha256), row.format)
    plan = plans.make(course, reading)
    if plan.digest != digest:
        raise Refused(Reason(Code.IMPORT_STALE))
    chosen = [entry for entry in plan.entries if entry.state == NEW or (adds_similar and entry.state == SIMILAR)]
    for entry in chosen:
        entry.state = NEW
    added = [entry.content for entry in chosen if entry.content is not None]
    _add_files(course, plan, added)
    additions.add(course, added, file=f"imported-{row.id}")
    if added:
        touch(course.id)
    told = _told(plan)
    moved = changes.one(
        QuestionImport,
        QuestionImport.id == row.id,
        QuestionImport.state == PREVIEWED,
        state=APPLIED,
        applied_by_id=by_id,
        applied_at=now,
        sha256=None,
        **told,
    )
    if moved is None:
        raise Refused(Reason(Code.IMPORT_APPLIED))
    audit.note("questions.imported", course.id, **{"import": moved.id}, questions=len(added))
    return moved


def restate(course: Course, row: QuestionImport) -> QuestionImport:
    """Look again what a preview would bring, as the bank is now: its row says that from then on."""
    if row.state != PREVIEWED or row.sha256 is None:
        return row
    _name, reading = formats.read(files.read(row.sha256), row.format)
    for name, value in _told(plans.make(course, reading)).items():
        setattr(row, name, value)
    db.session.flush()
    return row


def _told(plan: Plan) -> dict[str, object]:
    return {
        "digest": plan.digest,
        "entries": [entry.document() for entry in plan.entries],
        "findings": [plans.document(finding) for finding in plan.findings],
        "files": len(plan.files),
    }


def _add_files(course: Course, plan: Plan, added: list[QuestionContent]) -> None:
    """Keep the files that the added questions show."""
    shown = {path for content in added for path in named_files.paths_of(content)}
    there = set(db.session.scalars(select(CourseFile.path).where(CourseFile.course_id == course.id)))
    for path, data in plan.files.items():
        if path in shown and path not in there:
            kept = {"sha256": files.store(data), "content_type": files.sniff(data)}
            db.session.add(CourseFile(course_id=course.id, path=path, **kept))
    db.session.flush()
