"""The JSON API of a course's pictures and downloads."""

from typing import Any

from apiflask import APIBlueprint
from apiflask.schemas import FileSchema
from flask import Response, make_response, request, url_for

from blueprints import access, limits
from blueprints.bearer import auth, me, scope
from blueprints.contents.rules import saw, tagged, versioned
from blueprints.contents.schemas import CourseFileOut, CourseFilesOut
from blueprints.courses.pictures import POLICY
from blueprints.openapi import takes_bytes
from blueprints.pages import now
from blueprints.schemas import responses
from extensions import db
from services.archive import file_edits
from services.courses import files

course_files_api = APIBlueprint("course_files_api", __name__, tag="Content")
FILES = "/courses/<slug>/files"
FILE = f"{FILES}/<path:path>"
BYTES = "application/octet-stream"
# A file that is new; APIFlask documents what is replaced.
CREATED = {
    201: {
        "description": "It is new",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/CourseFileOut"}}},
    }
}


def allow_files(endpoint: str | None, _values: object) -> None:
    """Let files be larger than other requests, before anything looks at the body."""
    if endpoint == "course_files_api.put_course_file":
        request.max_content_length = files.MAX_SIZE + 1


course_files_api.url_value_preprocessor(allow_files)


@course_files_api.get(FILES)
@course_files_api.auth_required(auth)
@course_files_api.output(CourseFilesOut)
@course_files_api.doc(summary="List the files of a course", responses=responses(403, 404))
@scope("content:read")
def list_course_files(slug: str) -> Any:
    """For its teachers: the pictures and downloads, by their paths."""
    return {"files": file_edits.of_course(access.edited_course(slug, me()))}


@course_files_api.get(FILE)
@course_files_api.auth_required(auth)
@course_files_api.output(FileSchema(type="string", format="binary"), content_type=BYTES)
@course_files_api.doc(summary="Download a file of a course", responses=responses(403, 404))
@scope("content:read")
def read_course_file(slug: str, path: str) -> Response:
    """Give its bytes, to the course's teachers. The ETag is its version."""
    kept, data = file_edits.find(access.edited_course(slug, me()), path)
    response = make_response(data)
    response.mimetype = BYTES
    response.headers.update(tagged(kept.version, **{"Cache-Control": "private, no-store"}))
    response.headers["Content-Security-Policy"] = POLICY
    return response


@course_files_api.put(FILE)
@course_files_api.auth_required(auth)
@course_files_api.output(CourseFileOut)
@course_files_api.doc(summary="Put a file into a course", responses={**responses(403, 404, 409, 422, 428), **CREATED})
@scope("content:write")
@versioned
@takes_bytes(BYTES, "The file's bytes, 10 MB at most.")
def put_course_file(slug: str, path: str) -> Any:
    """Keep the body under a path: texts show it as `files/` and the path. One that is there already is replaced where
    `If-Match` names it."""
    course = access.edited_course(slug, me())
    limits.spend("answer_files", me().id)
    kept = file_edits.put(course, path, request.get_data(cache=False), saw=saw, now=now())
    db.session.commit()
    address = url_for("course_files_api.read_course_file", slug=slug, path=path)
    return vars(kept), 201 if kept.is_new else 200, tagged(kept.version, Location=address)


@course_files_api.delete(FILE)
@course_files_api.auth_required(auth)
@course_files_api.output({}, status_code=204)
@course_files_api.doc(summary="Take a file out of a course", responses=responses(403, 404, 409, 428))
@scope("content:write")
@versioned
def delete_course_file(slug: str, path: str) -> Any:
    """Remove it. 409 with the reason `file_is_shown`: a text shows it, or links to it."""
    file_edits.remove(access.edited_course(slug, me()), path, saw=saw, now=now())
    db.session.commit()
    return ""
