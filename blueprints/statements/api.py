"""The JSON API of statements."""

from typing import Any

from apiflask import APIBlueprint
from apiflask.schemas import FileSchema
from flask import Response

from blueprints import access
from blueprints.bearer import auth, me, scope
from blueprints.schemas import responses
from blueprints.statements import files
from blueprints.statements.schemas import StatementsQuery
from services.statements.reading import Span

statements_api = APIBlueprint("statements_api", __name__, tag="Grades")
BYTES = "application/octet-stream"


@statements_api.get("/courses/<slug>/statements")
@statements_api.auth_required(auth)
@statements_api.input(StatementsQuery, location="query")
@statements_api.output(FileSchema(type="string", format="binary"), content_type=BYTES)
@statements_api.doc(summary="Download what students did as xAPI statements", responses=responses(403, 404, 422))
@scope("grades:read")
def read_statements(slug: str, query_data: Any) -> Response:
    """Give lessons, attempts, labs and checks of the course's students as xAPI 1.0.3 statements, a line each or as one
    array; for the course's staff. The same event has the same `id` in each file."""
    course, _role = access.people(slug, me())
    span = Span(query_data.since, query_data.until)
    is_pseudonymous = query_data.pseudonymous
    return files.file(course, span, query_data.format, is_pseudonymous=is_pseudonymous, mimetype=BYTES)
