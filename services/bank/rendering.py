"""How a question that is written on the site becomes HTML: as an import would render it, with the sizes of pictures."""

from functools import partial
from urllib.parse import unquote

from sqlalchemy import select

from extensions import db
from models import Blob, Course, CourseFile
from services import markdown
from services.bank.versions import Render
from services.courses.files import base_url
from services.courses.picture_sizes import size_of


def renderer(course: Course, *texts: str) -> Render:
    """Return what renders these texts; their pictures alone are looked at."""
    paths = {unquote(path) for text in texts for path, _line in markdown.files_of(text)}
    sizes = {}
    if paths:
        rows = db.session.execute(
            select(CourseFile.path, Blob.data)
            .join(Blob, Blob.sha256 == CourseFile.sha256)
            .where(CourseFile.course_id == course.id, CourseFile.path.in_(paths))
        )
        sizes = {path: size for path, data in rows.tuples() if (size := size_of(bytes(data)))}
    return partial(markdown.render, base_url=base_url(course.slug), sizes=sizes)
