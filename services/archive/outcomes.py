"""What an import does to its course: found by doing it, in a transaction that the caller keeps or takes back."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from extensions import db
from models import Course, ImportBaseline
from services.archive import parts, work
from services.archive.apply import apply
from services.archive.changes import Changes
from services.archive.content import CourseContent
from services.archive.export import collect
from services.courses import turns


@dataclass(frozen=True)
class Outcome:
    """What an import does to its course. `edits` are the parts that were edited on the site since the last import and
    would be as the archive has them; None where no import has been before."""

    changes: Changes
    is_new: bool
    edits: list[str] | None
    before: str
    touched: dict[str, work.Work]

    def report(self) -> dict[str, Any]:
        """Return it as it is kept."""
        said = asdict(self.changes)
        touched = [{"name": name, **work.counts()} for name, work in sorted(self.touched.items())]
        return {**said, "is_new": self.is_new, "overwritten": self.edits, "touched": touched}

    def digest(self, sha256: str) -> str:
        """Name exactly this: whether there is work on an activity counts, how much doesn't."""
        said = self.changes
        happens = [said.created, said.updated, said.archived, sorted(said.settled), sorted(said.ended)]
        named = [sha256, self.before, happens, self.edits, sorted(self.touched)]
        return hashlib.sha256(json.dumps(named).encode()).hexdigest()


def of(content: CourseContent, now: datetime, step: Callable[[], None] = lambda: None) -> Outcome:
    """Apply a course, and say what that did; raise ArchiveError. `step` is called before each activity."""
    turns.take(content.slug)
    course = db.session.scalar(select(Course).where(Course.slug == content.slug))
    there = _parts(course) if course else {}
    hanging = work.of_course(course.id) if course else {}
    base = _baseline(course) if course else {}
    done = apply(content, now=now, step=step)
    happened = [*done.created, *done.updated, *done.archived]
    edits = None if base is None else _overwritten(there, base, parts.of_content(content), happened)
    touched = {name: hanging[name] for name in (*done.updated, *done.archived) if name in hanging}
    return Outcome(done, course is None, edits, parts.digest(there) if course else "", touched)


def state_of(slug: str) -> str:
    """Return a digest of a course as it is, with all of its parts; empty for one that isn't there."""
    course = db.session.scalar(select(Course).where(Course.slug == slug))
    return parts.digest(_parts(course)) if course else ""


def keep_baseline(course_id: int, left: parts.Parts, now: datetime) -> None:
    """Note the parts of a course as an import leaves them; of one that was made on the site, none."""
    said = {"parts": left, "imported_at": now}
    row = insert(ImportBaseline).values(course_id=course_id, **said)
    db.session.execute(row.on_conflict_do_update(index_elements=[ImportBaseline.course_id], set_=said))


def _baseline(course: Course) -> parts.Parts | None:
    return db.session.scalar(select(ImportBaseline.parts).where(ImportBaseline.course_id == course.id))


def _overwritten(there: parts.Parts, base: parts.Parts, coming: parts.Parts, happened: Sequence[str]) -> list[str]:
    """Return the parts that were edited on the site since the last import, and that this one changes."""
    edited = {name for name in there.keys() | base.keys() if there.get(name) != base.get(name)}
    # Questions that were made on the site stay where the folder doesn't name them.
    is_other = {name for name in edited if name in coming and coming[name] != there.get(name)}
    return sorted(edited & ({*happened} | is_other))


def _parts(course: Course) -> parts.Parts:
    return parts.of(collect(course, with_files=False), parts.file_digests(course))
