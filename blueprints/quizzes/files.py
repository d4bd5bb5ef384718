"""The files that students hand in: taken one by one, and given back to their student and the course's staff alone."""

from flask import Blueprint, Response, jsonify, make_response, request
from flask.typing import ResponseReturnValue

from blueprints import access, limits
from blueprints.courses.pictures import POLICY
from blueprints.pages import login_required, me, now, takes_json
from extensions import db
from models import AttemptFile, User
from services.courses import files as course_files
from services.errors import InvalidInput
from services.quizzes import uploads

quiz_files = Blueprint("quiz_files", __name__)
# A larger body isn't read; one that is a byte too long is told so.
MAX_BODY = uploads.MAX_SIZE + 1


def allow_files(endpoint: str | None, _values: object) -> None:
    """Let uploads be larger than other requests, before anything looks at the body."""
    if endpoint in ("quiz_files.upload", "quiz_files_api.upload_file"):
        request.max_content_length = MAX_BODY


quiz_files.url_value_preprocessor(allow_files)


@quiz_files.put("/attempts/<int:attempt_id>/items/<int:position>/files")
@login_required
@takes_json
def upload(attempt_id: int, position: int) -> ResponseReturnValue:
    """Keep a file, whatever it calls itself; the answer that names it is saved by itself."""
    return jsonify(taken(attempt_id, position, request.args.get("name", ""), me())), 201


@quiz_files.get("/attempts/<int:attempt_id>/files/<int:file_id>")
@login_required
def download(attempt_id: int, file_id: int) -> Response:
    """Give a file, as a download."""
    access.readable_attempt(attempt_id, me())
    return attachment(uploads.find(attempt_id, file_id))


def taken(attempt_id: int, position: int, name: str, user: User) -> dict[str, object]:
    """Take the request's body as a file of the person's own attempt, and return it as answers name it."""
    access.answerable_attempt(attempt_id, user)
    limits.spend("answer_files", user.id)
    if (request.content_length or 0) > uploads.MAX_SIZE:
        raise InvalidInput("file", "must be at most 10 MB")
    row = uploads.add(attempt_id, position, name, request.get_data(cache=False), now=now())
    said = uploads.document(row)
    db.session.commit()
    return said


def attachment(row: AttemptFile) -> Response:
    """Return a file's bytes, which no browser shows or runs here."""
    response = make_response(course_files.read(row.sha256))
    response.mimetype = "application/octet-stream"
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers.set("Content-Disposition", "attachment", filename=row.name)
    return response
