"""What page and API of imports share: how large a request with a course may be, and how far an import is."""

from flask import current_app, request
from redis import RedisError

from models import CourseImport
from models.course_import import APPLYING, READING
from reasons import Code, Reason
from services.archive import imports
from services.errors import InvalidInput

# A form has its other fields beside the file.
MOST = {"imports_api.create_course_import": 1, "course_imports.send": 2**19}


def allow(endpoint: str | None, _values: object) -> None:
    """Let archives be larger than other requests, before anything looks at the body."""
    if endpoint in MOST and request.method == "POST":
        request.max_content_length = imports.MAX_ZIP + MOST[endpoint]


def too_large() -> InvalidInput:
    """Say that an archive is larger than one may be."""
    return InvalidInput("file", Reason(Code.FILE_TOO_LARGE, most_mb=imports.MAX_ZIP // 2**20))


def progress(row: CourseImport) -> dict[str, int] | None:
    """Return how many activities are done and of how many, while the scheduler is at it and Redis knows."""
    if row.state not in (READING, APPLYING):
        return None
    try:
        known = imports.progress(current_app.extensions["yurt_redis"], row.id)
    except RedisError:
        return None
    return {"done": known[0], "total": known[1]} if known else None
