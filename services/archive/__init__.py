"""Course archives: a course as a folder of YAML and Markdown, in and out (docs/course-archive.md)."""

from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from extensions import db
from models import Course
from services.archive.apply import apply
from services.archive.changes import Changes
from services.archive.export import collect
from services.archive.faults import ArchiveError, Fault
from services.archive.read import read
from services.archive.write import write
from services.errors import NotFound


def import_course(path: Path, *, now: datetime) -> Changes:
    """Read the folder and bring the course up to date in the open transaction; raise ArchiveError."""
    return apply(read(path), now=now)


def export_course(slug: str, path: Path) -> None:
    """Write the course called `slug` to a new folder; raise NotFound, or InvalidInput for the path."""
    course = db.session.scalar(select(Course).where(Course.slug == slug.replace("\x00", "")))
    if course is None:
        raise NotFound(f"There is no course called {slug}.")
    write(collect(course), path)


__all__ = ["ArchiveError", "Changes", "Fault", "export_course", "import_course"]
