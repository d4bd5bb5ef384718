"""The JSON API of one's own data, and of erasures that admins ask for."""

from datetime import timedelta
from typing import Any

from apiflask import APIBlueprint
from apiflask.schemas import FileSchema
from flask import Response, current_app, url_for

from blueprints import access
from blueprints.bearer import auth, me, scope
from blueprints.pages import now
from blueprints.persons import documents
from blueprints.persons.schemas import DataExportOut, ErasureIn, ErasureOut
from blueprints.schemas import responses
from extensions import db
from services.persons import erasures, exports

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


@persons_api.post("/users/<int:user_id>/erasure")
@persons_api.auth_required(auth)
@persons_api.input(ErasureIn)
@persons_api.output(ErasureOut, status_code=202)
@persons_api.doc(summary="Have an account erased", responses=responses(403, 404, 409, 422))
@scope("account:write")
def create_erasure(user_id: int, json_data: ErasureIn) -> Any:
    """Have the scheduler erase an account once the time to call it off is over; for admins. Marks stay with the courses
    under a name that says nothing. Asked for again, the earlier time counts."""
    user = access.erasable(user_id, me())
    days = current_app.extensions["yurt"].erasure_days if json_data.after_days is None else json_data.after_days
    row = erasures.ask(user, by_id=me().id, after=timedelta(days=days), now=now())
    answer = {name: getattr(row, name) for name in ("user_id", "asked_at", "due_at", "began_at")}
    db.session.commit()
    return answer, 202


@persons_api.delete("/users/<int:user_id>/erasure")
@persons_api.auth_required(auth)
@persons_api.output({}, status_code=204)
@persons_api.doc(summary="Call an erasure off", responses=responses(403, 404, 409))
@scope("account:write")
def delete_erasure(user_id: int) -> Any:
    """Let an account stay; 409 once it has begun, or where none waits. For admins."""
    erasures.cancel(access.erasable(user_id, me()).id, now=now())
    db.session.commit()
    return "", 204
