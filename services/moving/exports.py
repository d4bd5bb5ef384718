"""A course's questions as files of other programs, and what of them isn't in such a file."""

from dataclasses import replace

from sqlalchemy import select

from extensions import db
from models import Blob, Course, CourseFile
from services import formats
from services.archive import question_content
from services.archive.content import QuestionContent
from services.bank import questions
from services.bank.questions import Filter
from services.formats.base import Written
from services.formats.settling import free_slug, texts_in


def collect(course: Course, wanted: Filter) -> list[QuestionContent]:
    """Return the questions of a course that match, by slug; where one is there twice, that of a quiz gets a number."""
    found: dict[str, QuestionContent] = {}
    for row in sorted(questions.all_of(course, wanted), key=lambda row: row.quiz_id is not None):
        if row.current is not None:
            slug = free_slug(row.slug, set(found)) if row.slug in found else row.slug
            found[slug] = replace(question_content(row, row.current), slug=slug)
    return [found[slug] for slug in sorted(found)]


def write(course: Course, name: str, wanted: Filter) -> Written:
    """Return the questions that match as a file of a format; raise InvalidInput for a format that doesn't go out."""
    chosen = collect(course, wanted)
    return formats.write(name, chosen, _files(course, chosen))


def every(course: Course, wanted: Filter) -> dict[str, Written]:
    """Return the questions that match as a file of each format that goes out."""
    chosen = collect(course, wanted)
    files = _files(course, chosen)
    return {name: formats.write(name, chosen, files) for name in formats.writable()}


def _files(course: Course, chosen: list[QuestionContent]) -> dict[str, bytes]:
    """Return the files of the course that these questions show."""
    texts = [text for content in chosen for text in texts_in(content) if "files/" in text]
    if not texts:
        return {}
    paths = db.session.scalars(select(CourseFile.path).where(CourseFile.course_id == course.id))
    shown = [path for path in paths if any(path in text for text in texts)]
    rows = db.session.execute(
        select(CourseFile.path, Blob.data)
        .join(Blob, Blob.sha256 == CourseFile.sha256)
        .where(CourseFile.course_id == course.id, CourseFile.path.in_(shown))
    )
    return {path: bytes(data) for path, data in rows.tuples()}
