"""A file of questions as a download, and which questions of a course it holds."""

from collections.abc import Mapping
from typing import Any

from flask import Response, make_response

from models import Course
from services import formats
from services.bank.questions import Filter
from services.formats.base import Written

FILTERS = ("tag", "state", "difficulty", "text")


def wanted(said: Mapping[str, Any]) -> Filter:
    """Return the filter that an address says."""
    return Filter(**{name: str(said.get(name) or "")[:200].strip() for name in FILTERS})


def attachment(course: Course, name: str, made: Written) -> Response:
    """Return a file of questions, which no browser shows or runs here."""
    response = make_response(made.data)
    response.mimetype = "application/octet-stream"
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    ending = formats.writable()[name].ending
    response.headers.set("Content-Disposition", "attachment", filename=f"{course.slug}-questions.{ending}")
    return response
