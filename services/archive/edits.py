"""Edits of a course by program, part by part: read by the shapes of a folder, applied as an import applies it.

An edit answers for the faults that it brings; one that was there before is no reason to refuse it. Whoever edits says
which version of the part they saw, so that nobody's edit is lost.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from extensions import db
from models import Course
from reasons import Code, Reason
from services import audit
from services.archive import cross, outcomes, parts, pieces, reshaping, work, written
from services.archive.apply import apply, edit
from services.archive.content import ActivityContent, CourseContent, ModuleContent, QuizContent, activity_file
from services.archive.documents import Document
from services.archive.export import collect
from services.archive.faults import ArchiveError, Faults
from services.archive.given import BODY, GivenFolder, node
from services.archive.nodes import Node
from services.archive.pieces import Said
from services.archive.read_certificate import read_certificate
from services.archive.read_grading import read_grading
from services.archive.shapes import CourseFile, ModuleFile
from services.archive.work import Work
from services.courses import catalogue, members, turns
from services.errors import InvalidInput, NotFound, Refused

# Whether a version is one that the caller saw.
Saw = Callable[[str], bool]
READERS: dict[str, Callable[..., ActivityContent]] = {"lesson": pieces.lesson, "quiz": pieces.quiz, "lab": pieces.lab}


@dataclass(frozen=True)
class Draft:
    """A course as it is, without its files' bytes; `files` are their digests by path."""

    course: Course
    content: CourseContent
    files: Mapping[str, str]


@dataclass(frozen=True)
class Found:
    """A part of a course with the version that it has now."""

    part: ActivityContent | ModuleContent | CourseContent
    version: str
    module: str = ""
    position: int = 0


@dataclass(frozen=True)
class Removed:
    """What went out of sight: the parts by their names, the work on them, and the lab sessions that were ended."""

    archived: list[str]
    touched: dict[str, Work]
    ended: int


def read(course: Course) -> Draft:
    """Return a course to look at."""
    return Draft(course, collect(course, with_files=False), parts.file_digests(course))


def begin(course: Course) -> Draft:
    """Return a course to change: nobody else changes its content until the transaction ends."""
    turns.take(course.slug)
    # What was read before the turn may be old.
    db.session.refresh(course)
    return read(course)


def course_part(draft: Draft) -> Found:
    """Return what the course itself says."""
    content = draft.content
    return Found(content, parts.digest([written.course(content), content.about]))


def module_part(draft: Draft, slug: str) -> Found:
    """Return a module; raise NotFound."""
    for position, module in enumerate(draft.content.modules, start=1):
        if module.slug == slug:
            return Found(module, parts.digest([written.module(module), position]), position=position)
    raise NotFound


def activity_part(draft: Draft, kind: str, slug: str) -> Found:
    """Return an activity; raise NotFound."""
    place = reshaping.find(draft.content, kind, slug)
    if place is None:
        raise NotFound
    module, activity = place
    position = module.activities.index(activity) + 1
    # A quiz's settings and questions have versions of their own.
    said = pieces.quiz_words(activity) if isinstance(activity, QuizContent) else parts.of_activity(activity)
    return Found(activity, parts.digest([said, module.slug, position]), module.slug, position)


def create_activity(
    course: Course, kind: str, slug: str, said: Said, *, module: str, position: int | None, now: datetime
) -> Draft:
    """Add a lesson, quiz or lab to a module; one that was taken out comes back with its work."""
    draft = begin(course)
    held = next((each.kind for part in draft.content.modules for each in part.activities if each.slug == slug), None)
    if held is not None:
        raise InvalidInput("slug", Reason(Code.PART_SLUG_TAKEN, slug=slug, kind=held))
    audit.note("activity.created", course.id, kind=kind, slug=slug)
    return _put_activity(draft, kind, slug, said, None, module, position, now)


def replace_activity(
    course: Course, kind: str, slug: str, said: Said, *, module: str, position: int | None, saw: Saw, now: datetime
) -> Draft:
    """Let an activity say something else, or put it elsewhere; `module` empty and no position: where it is."""
    draft = begin(course)
    found = activity_part(draft, kind, slug)
    _require(found, saw)
    assert not isinstance(found.part, ModuleContent | CourseContent)  # it is an activity's
    audit.note("activity.changed", course.id, kind=kind, slug=slug)
    return _put_activity(draft, kind, slug, said, found.part, module or found.module, position, now)


def remove_activity(course: Course, kind: str, slug: str, *, saw: Saw, with_work: bool, now: datetime) -> Removed:
    """Take an activity out of the course; work that hangs on it is kept, and the activity may come back to it.

    Refused where there is work, unless the caller has said that they know.
    """
    draft = begin(course)
    _require(activity_part(draft, kind, slug), saw)
    audit.note("activity.removed", course.id, kind=kind, slug=slug)
    return _remove(draft, reshaping.without_activity(draft.content, slug), [f"{kind} {slug}"], with_work, now)


def create_module(course: Course, slug: str, said: Said, *, position: int | None, now: datetime) -> Draft:
    """Add a module to the course."""
    draft = begin(course)
    if reshaping.find_module(draft.content, slug):
        raise InvalidInput("slug", Reason(Code.PART_SLUG_TAKEN, slug=slug, kind="module"))
    audit.note("module.created", course.id, slug=slug)
    return _put_module(draft, slug, said, position, now)


def replace_module(course: Course, slug: str, said: Said, *, position: int | None, saw: Saw, now: datetime) -> Draft:
    """Let a module say something else, hold its activities in another order, or others; or put it elsewhere."""
    draft = begin(course)
    _require(module_part(draft, slug), saw)
    audit.note("module.changed", course.id, slug=slug)
    return _put_module(draft, slug, said, position, now)


def remove_module(course: Course, slug: str, *, saw: Saw, with_work: bool, now: datetime) -> Removed:
    """Take a module out of the course, with its activities; as `remove_activity`."""
    draft = begin(course)
    found = module_part(draft, slug)
    _require(found, saw)
    assert isinstance(found.part, ModuleContent)  # a module was asked for
    names = [f"{each.kind} {each.slug}" for each in found.part.activities]
    audit.note("module.removed", course.id, slug=slug, activities=names)
    return _remove(draft, reshaping.without_module(draft.content, slug), names, with_work, now)


def replace_course(course: Course, said: Said, *, saw: Saw, now: datetime) -> Draft:
    """Let the course itself say something else: its texts, who may enrol, its grading, the order of its modules."""
    draft = begin(course)
    _require(course_part(draft), saw)
    faults = Faults()
    wanted = pieces.course(course.slug, said, draft.content, draft.files, faults)
    faults.check()
    audit.note("course.changed", course.id)
    with as_sent("course.yaml"):
        return _apply(draft, wanted, now)


def create_course(slug: str, said: Said, *, by_id: int, now: datetime) -> Course:
    """Make a course that holds nothing yet; its maker teaches it. Raise InvalidInput where the slug is taken."""
    faults = Faults()
    wanted = pieces.course(slug, said, None, (), faults)
    faults.check()
    turns.take(slug)
    if catalogue.look_for(slug) is not None:
        raise InvalidInput("slug", Reason(Code.PART_SLUG_TAKEN, slug=slug, kind="course"))
    with as_sent("course.yaml"):
        apply(wanted, now=now)
    made = catalogue.find(slug)
    audit.note("course.created", made.id, slug=slug)
    members.set_role(made, by_id, "teacher", now=now)
    # No import has been: all of it is written on the site.
    outcomes.keep_baseline(made.id, {}, now)
    return made


def _put_activity(
    draft: Draft,
    kind: str,
    slug: str,
    said: Said,
    old: ActivityContent | None,
    module: str,
    position: int | None,
    now: datetime,
) -> Draft:
    faults = Faults()
    if reshaping.find_module(draft.content, module) is None:
        faults.add(BODY, 1, "module", f"there is no module {module}")
    made = READERS[kind](slug, said, old, draft.files, faults)
    faults.check()
    with as_sent(activity_file(module, made)):
        return _apply(draft, reshaping.with_activity(draft.content, made, module, position), now)


def _put_module(draft: Draft, slug: str, said: Said, position: int | None, now: datetime) -> Draft:
    faults = Faults()
    made = pieces.module(slug, said, draft.content, draft.files, faults)
    faults.check()
    return _apply(draft, reshaping.with_module(draft.content, made, position), now)


def _remove(draft: Draft, wanted: CourseContent, names: Collection[str], with_work: bool, now: datetime) -> Removed:
    hanging = work.of_course(draft.course.id)
    touched = {name: hanging[name] for name in names if name in hanging}
    if touched and not with_work:
        raise Refused(
            Reason(Code.WORK_HANGS_ON_IT, **work.added(touched.values()).counts(but=("open_attempts", "open_sessions")))
        )
    _check(draft, wanted)
    done = edit(draft.course, draft.content, wanted, now=now)
    return Removed(done.archived, touched, sum(done.ended.values()))


def _apply(draft: Draft, wanted: CourseContent, now: datetime) -> Draft:
    _check(draft, wanted)
    edit(draft.course, draft.content, wanted, now=now)
    return Draft(draft.course, wanted, draft.files)


def _check(draft: Draft, wanted: CourseContent) -> None:
    """Raise ArchiveError with the faults that the course has then, and hasn't now."""
    faults = _faults(wanted)
    if len(faults):
        known = {(fault.file, fault.field, fault.message) for fault in _faults(draft.content).each()}
        brought = [fault for fault in faults.each() if (fault.file, fault.field, fault.message) not in known]
        if brought:
            raise ArchiveError(brought)


def _faults(content: CourseContent) -> Faults:
    """Return what is wrong between the parts of a course, and with how many there are."""
    faults = Faults()
    quizzes = {
        activity_file(module.slug, each): each
        for module in content.modules
        for each in module.activities
        if isinstance(each, QuizContent)
    }
    banks = {f"bank/{bank.name}.yaml": bank for bank in content.bank}
    plain = GivenFolder({}, (), Faults())

    def node_of(file: str) -> Node | None:
        if file in banks:
            return node({"questions": list(map(written.question, banks[file].questions))}, plain)
        return node(written.quiz(quizzes[file]), plain) if file in quizzes else None

    document = Document(CourseFile, node(written.course(content), plain), "course.yaml", faults)
    known = {each.slug: module.slug for module in content.modules for each in module.activities}
    read_grading(document, known)
    read_certificate(document, known)
    for module in content.modules:
        Document(ModuleFile, node(written.module(module), plain), f"{module.slug}/module.yaml", faults)
    cross.check_requirements(content.modules, node_of, faults)
    cross.check_questions(content, node_of, faults)
    return faults


@contextmanager
def as_sent(file: str) -> Iterator[None]:
    """Name faults of a file as those of what was sent, which is what the file would say."""
    try:
        yield
    except ArchiveError as error:
        raise ArchiveError(
            [replace(each, file=BODY) if each.file == file else each for each in error.faults]
        ) from error


def _require(found: Found, saw: Saw) -> None:
    if not saw(found.version):
        raise Refused(Reason(Code.CHANGED_MEANWHILE))
