"""The JSON API of one's own data."""

from typing import Any

from apiflask import APIBlueprint
from apiflask.schemas import FileSchema
from flask import Response, url_for

from blueprints.bearer import auth, me, scope
from blueprints.pages import now
from blueprints.persons import documents
from blueprints.persons.schemas import DataExportOut
from blueprints.schemas import responses
from extensions import db
from services.persons import exports

persons_api = APIBlueprint("persons_api", __name__, tag="Account")
BYTES = "application/octet-stream"


@persons_api.post("/me/exports")
@persons_api.auth_required(auth)
@persons_api.output(DataExportOut, status_code=202)
@persons_api.doc(summary="Ask for all my data", responses=responses(403))
@scope("account:write")
def create_data_export() -> Any:
    """Have an archive made of all that the site has of one: JSON and files in a zip. Read it again until it is ready.

    While one is being made, asking again gives that one; a new one takes the place of the one before."""
    row = exports.ask(me(), now=now())
    answer = documents.export(row), 202, {"Location": url_for("persons_api.read_data_export", export_id=row.id)}
    db.session.commit()
    return answer


@persons_api.get("/me/exports/<int:export_id>")
@persons_api.auth_required(auth)
@persons_api.output(DataExportOut)
@persons_api.doc(summary="Read how far my archive is", responses=responses(403, 404))
@scope("account:read")
def read_data_export(export_id: int) -> Any:
    """Give one's own archive: how far it is, or its address."""
    return documents.export(exports.find(export_id, me().id))


@persons_api.get("/me/exports/<int:export_id>/archive")
@persons_api.auth_required(auth)
@persons_api.output(FileSchema(type="string", format="binary"), content_type=BYTES)
@persons_api.doc(summary="Download my archive", responses=responses(403, 404))
@scope("account:read")
def read_data_archive(export_id: int) -> Response:
    """Give the zip, to its owner alone; 404 before it is ready and once it has expired."""
    return documents.archive(exports.find(export_id, me().id), BYTES)
