"""The file of statements, as pages and the API send it."""

from flask import Response, current_app, stream_with_context

from models import Course
from services import markdown
from services.statements import reading
from services.statements.reading import Format, Span
from services.statements.shapes import Frame

TYPES: dict[str, str] = {"ndjson": "application/x-ndjson", "json": "application/json"}


def file(course: Course, span: Span, form: Format, *, is_pseudonymous: bool, mimetype: str = "") -> Response:
    """Send the statements of a course as they are read."""
    settings = current_app.extensions["yurt"]
    frame = Frame(
        site=settings.site_name,
        url=settings.public_url,
        course_id=course.id,
        slug=course.slug,
        title=markdown.plain(course.title),
        language=course.language,
        secret=settings.secret_key if is_pseudonymous else None,
    )
    response = Response(stream_with_context(reading.written(frame, span, form)), mimetype=mimetype or TYPES[form])
    response.headers["Cache-Control"] = "private, no-store"
    response.headers.set("Content-Disposition", "attachment", filename=f"{course.slug}-statements.{form}")
    return response
