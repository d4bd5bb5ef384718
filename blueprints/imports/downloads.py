"""A course as a file that somebody takes home. Solutions are in it, so no cache keeps it and nothing in it runs."""

from flask import Response, make_response

from blueprints.courses.pictures import POLICY
from models import Course
from services import archive


def archive_of(course: Course, mimetype: str) -> Response:
    """Give the folder that an import would read, as a zip."""
    response = make_response(archive.packed(course))
    response.mimetype = mimetype
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Content-Security-Policy"] = POLICY
    response.headers.set("Content-Disposition", "attachment", filename=f"{course.slug}.zip")
    return response
