"""The JSON API of questions that move as files: previews of imports, applying them, and exports."""

from typing import Any

from apiflask import APIBlueprint
from apiflask.schemas import FileSchema
from flask import request, url_for
from werkzeug.exceptions import RequestEntityTooLarge

from blueprints import access, limits
from blueprints.bearer import auth, me, scope
from blueprints.pages import now
from blueprints.question_files import documents, downloads, uploads
from blueprints.question_files.schemas import (
    ApplyImportIn,
    EntriesQuery,
    ExportOut,
    ExportQuery,
    ImportOut,
    ImportQuery,
)
from blueprints.schemas import responses
from extensions import db
from models import QuestionImport
from services import formats
from services.moving import exports, imports

question_files_api = APIBlueprint("question_files_api", __name__, tag="Bank")
question_files_api.url_value_preprocessor(uploads.allow)
BANK = "/courses/<slug>/bank"
IMPORT = f"{BANK}/imports/<int:import_id>"
EXPORT = f"{BANK}/exports/<file_format>"


@question_files_api.post(f"{BANK}/imports")
@question_files_api.auth_required(auth)
@question_files_api.input(ImportQuery, location="query")
@question_files_api.output(ImportOut, status_code=201)
@question_files_api.doc(summary="Preview an import of questions", responses=responses(403, 404, 422))
@scope("bank:write")
def create_import(slug: str, query_data: ImportQuery) -> Any:
    """Read the body, whatever its type, as a file of questions: 10 MB at most. Nothing changes in the bank yet, and a
    preview that isn't applied is forgotten after a day. 422 names what is wrong with a file that isn't taken."""
    course = access.edited_bank(slug, me())
    limits.spend("question_files", me().id)
    try:
        data = request.get_data(cache=False)
    except RequestEntityTooLarge as error:
        raise uploads.too_large() from error
    said = {"name": query_data.name, "wanted": query_data.format}
    made = imports.preview(course, data, **said, by_id=me().id, now=now())
    db.session.commit()
    address = url_for("question_files_api.read_import", slug=slug, import_id=made.id)
    return _document(made, EntriesQuery()), 201, {"Location": address}


@question_files_api.get(IMPORT)
@question_files_api.auth_required(auth)
@question_files_api.input(EntriesQuery, location="query")
@question_files_api.output(ImportOut)
@question_files_api.doc(summary="Read an import of questions", responses=responses(403, 404, 422))
@scope("bank:read")
def read_import(slug: str, import_id: int, query_data: EntriesQuery) -> Any:
    """Give what a preview would bring, or what an import brought: question by question, with all that isn't carried."""
    course, _role = access.bank(slug, me())
    return _document(imports.find(course, import_id), query_data)


@question_files_api.post(f"{IMPORT}/apply")
@question_files_api.auth_required(auth)
@question_files_api.input(ApplyImportIn)
@question_files_api.output(ImportOut)
@question_files_api.doc(summary="Apply an import of questions", responses=responses(403, 404, 409, 422))
@scope("bank:write")
def apply_import(slug: str, import_id: int, json_data: ApplyImportIn) -> Any:
    """Add the new questions as drafts, with their pictures, all or none. 409 with the reason `import_stale`: the bank
    has changed since the preview; `import_applied`: it was applied before."""
    course = access.edited_bank(slug, me())
    limits.spend("question_files", me().id)
    done = imports.apply(
        course,
        import_id,
        digest=json_data.digest,
        adds_similar=json_data.adds_similar,
        by_id=me().id,
        now=now(),
    )
    db.session.commit()
    return _document(done, EntriesQuery())


@question_files_api.get(EXPORT)
@question_files_api.auth_required(auth)
@question_files_api.input(ExportQuery, location="query")
@question_files_api.output(ExportOut)
@question_files_api.doc(summary="See what an export of questions leaves out", responses=responses(403, 404, 422))
@scope("bank:read")
def read_export(slug: str, file_format: str, query_data: ExportQuery) -> Any:
    """Say what a file of a format (`gift`, `moodle_xml`, `qti21`) would hold of the questions that match."""
    course, _role = access.bank(slug, me())
    limits.spend("question_files", me().id)
    wanted = downloads.wanted(query_data.model_dump())
    made = exports.write(course, file_format, wanted)
    many = len(exports.collect(course, wanted))
    return {
        "format": file_format,
        "format_name": formats.writable()[file_format].title,
        "questions": many,
        "written": many - sum(finding.is_whole for finding in made.findings),
        "bytes": len(made.data),
        "findings": documents.of_export(made.findings),
    }


@question_files_api.get(f"{EXPORT}/file")
@question_files_api.auth_required(auth)
@question_files_api.input(ExportQuery, location="query")
@question_files_api.output(FileSchema(type="string", format="binary"), content_type="application/octet-stream")
@question_files_api.doc(summary="Download an export of questions", responses=responses(403, 404, 422))
@scope("bank:read")
def download_export(slug: str, file_format: str, query_data: ExportQuery) -> Any:
    """Give the questions that match as a file."""
    course, _role = access.bank(slug, me())
    limits.spend("question_files", me().id)
    made = exports.write(course, file_format, downloads.wanted(query_data.model_dump()))
    return downloads.attachment(course, file_format, made)


def _document(row: QuestionImport, query: EntriesQuery) -> dict[str, Any]:
    shown, pages, total = documents.entries(row, query.state or "", query.page, query.per_page)
    own = {name: getattr(row, name) for name in ("id", "state", "format", "file_name", "digest", "files")}
    return {
        **own,
        "made_at": row.made_at,
        "applied_at": row.applied_at,
        "counts": documents.counts(row),
        "findings": [documents.said(finding) for finding in row.findings],
        "entries": shown,
        "page": query.page,
        "pages": pages,
        "total": total,
    }
