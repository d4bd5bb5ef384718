"""Course archives: a course as a folder of YAML and Markdown, in and out (docs/course-archive.md)."""

from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from extensions import db
from models import Course, Lab, Module
from services import audit
from services.archive import outcomes, parts
from services.archive.apply import apply
from services.archive.changes import Changes
from services.archive.content import CourseContent, LabContent
from services.archive.export import collect, lab_content, question_content
from services.archive.faults import ArchiveError, Fault
from services.archive.folder import Folder
from services.archive.outcomes import Outcome
from services.archive.read import read, read_folder
from services.archive.sources import read_source, write_source
from services.archive.write import layout, write
from services.archive.zips import pack
from services.courses import catalogue
from services.errors import NotFound


def import_course(path: Path, *, now: datetime) -> Changes:
    """Read the folder and bring the course up to date in the open transaction; raise ArchiveError."""
    content = read(path)
    done = apply(content, now=now)
    _keep(content, done, now)
    return done


def bring(folder: Folder, *, now: datetime) -> Outcome:
    """Do what a folder says, and say what that did: the caller keeps it or takes it back. Raise ArchiveError."""
    content = read_folder(folder)
    outcome = outcomes.of(content, now)
    _keep(content, outcome.changes, now)
    return outcome


def _keep(content: CourseContent, done: Changes, now: datetime) -> None:
    """Keep how the course is now, and that it was imported."""
    course_id = catalogue.find(content.slug).id
    outcomes.keep_baseline(course_id, parts.of_content(content), now)
    if done:
        counts = {verb: len(getattr(done, verb)) for verb in ("created", "updated", "archived")}
        audit.note("course.imported", course_id, slug=content.slug, **counts)


def export_course(slug: str, path: Path) -> None:
    """Write the course called `slug` to a new folder; raise NotFound, or InvalidInput for the path."""
    course = db.session.scalar(select(Course).where(Course.slug == slug.replace("\x00", "")))
    if course is None:
        raise NotFound(f"There is no course called {slug}.")
    write(collect(course), path)


def packed(course: Course) -> bytes:
    """Return the folder of a course as a zip: the one that an import would read."""
    return pack(layout(collect(course)))


def labs_of(path: Path) -> tuple[str, list[LabContent]]:
    """Return the slug and the labs of the course in a folder, without the database; raise ArchiveError."""
    course = read(path)
    activities = [activity for module in course.modules for activity in module.activities]
    return course.slug, [activity for activity in activities if isinstance(activity, LabContent)]


def imported_labs(slug: str) -> list[LabContent]:
    """Return the labs of the course called `slug` as they are in the database; raise NotFound."""
    course = db.session.scalar(select(Course).where(Course.slug == slug.replace("\x00", "")))
    if course is None:
        raise NotFound(f"There is no course called {slug}.")
    query = select(Lab).join(Module, Module.id == Lab.module_id).where(Lab.course_id == course.id)
    query = query.where(~Lab.is_archived, ~Module.is_archived).order_by(Module.position, Lab.position, Lab.id)
    return [lab_content(lab) for lab in db.session.scalars(query)]


__all__ = [
    "ArchiveError",
    "Changes",
    "Fault",
    "LabContent",
    "bring",
    "export_course",
    "import_course",
    "imported_labs",
    "labs_of",
    "packed",
    "question_content",
    "read_source",
    "write_source",
]
