"""The JSON API of courses as archives: the folder of a course as a zip, out and in."""

from typing import Any

from apiflask import APIBlueprint
from apiflask.schemas import FileSchema
from flask import Response, request, url_for

from blueprints import access, limits
from blueprints.bearer import auth, me, scope
from blueprints.contents import hindrances
from blueprints.imports import documents, downloads, sent
from blueprints.imports.schemas import CourseImportIn, CourseImportOut, CourseImportQuery
from blueprints.openapi import takes_bytes
from blueprints.pages import now
from blueprints.schemas import responses
from extensions import db
from models import CourseImport
from models.course_import import APPLIED
from services.archive import imports
from services.courses import catalogue

imports_api = APIBlueprint("imports_api", __name__, tag="Courses")
ONE = "/course-imports/<int:course_import_id>"
# The kind of bytes that programs which are generated from the document know.
BYTES = "application/octet-stream"


imports_api.url_value_preprocessor(sent.allow)


@imports_api.get("/courses/<slug>/archive")
@imports_api.auth_required(auth)
@imports_api.output(FileSchema(type="string", format="binary"), content_type=BYTES)
@imports_api.doc(summary="Download a course", responses=responses(403, 404))
@scope("content:read")
def read_course_archive(slug: str) -> Response:
    """Give the folder that an import would read, as a zip; for the course's teachers. Solutions are in it."""
    course = access.edited_course(slug, me())
    return downloads.archive_of(course, BYTES)


@imports_api.post("/course-imports")
@imports_api.auth_required(auth)
@imports_api.output(CourseImportOut, status_code=202)
@imports_api.doc(summary="Send a course", responses=responses(403, 422))
@scope("content:write")
@imports_api.input(CourseImportQuery, location="query")
@takes_bytes(BYTES, "The course's folder, or scenarios of labs, as a zip: 10 MB at most, 50 MB unpacked.")
def create_course_import(query_data: CourseImportQuery) -> Any:
    """Have a course previewed, which changes nothing: read the import again until it is `ready`, then apply it.

    For people who teach a course, and admins. What nobody applies is forgotten after a day."""
    access.course_maker(me())
    limits.spend("course_imports", me().id)
    into = access.edited_course(query_data.into, me()).slug if query_data.into else None
    made = imports.ask(request.get_data(), by_id=me().id, now=now(), into=into)
    answer = document(made), 202, {"Location": url_for("imports_api.read_course_import", course_import_id=made.id)}
    db.session.commit()
    return answer


@imports_api.get(ONE)
@imports_api.auth_required(auth)
@imports_api.output(CourseImportOut)
@imports_api.doc(summary="Read an import", responses=responses(403, 404))
@scope("content:read")
def read_course_import(course_import_id: int) -> Any:
    """Give one's own import: what it does or has done, or what is wrong with it."""
    return document(imports.find(course_import_id, me().id))


@imports_api.post(f"{ONE}/apply")
@imports_api.auth_required(auth)
@imports_api.input(CourseImportIn)
@imports_api.output(CourseImportOut, status_code=202)
@imports_api.doc(summary="Apply an import", responses=responses(403, 404, 409, 422))
@scope("content:write")
def apply_course_import(course_import_id: int, json_data: CourseImportIn) -> Any:
    """Have it done as the preview with this digest says, all or nothing. 409 with the reason `course_import_stale`:
    the course was changed since; send the archive again."""
    row = imports.agree(access.agreed_import(course_import_id, me()), digest=json_data.digest, now=now())
    answer = document(row)
    db.session.commit()
    return answer, 202


def document(row: CourseImport) -> dict[str, Any]:
    """Give an import as JSON has it."""
    ended_at = row.ended_at.isoformat() if row.ended_at else None
    said = {name: getattr(row, name) for name in ("id", "state", "digest", "report", "faults")}
    course = catalogue.look_for(row.slug) if row.slug and row.state == APPLIED else None
    return {
        **said,
        "into": row.into,
        "findings": documents.findings(row),
        "cannot_start": hindrances.of(course) if course else {},
        "course": row.slug,
        "progress": sent.progress(row),
        "made_at": row.made_at.isoformat(),
        "ended_at": ended_at,
    }
