"""The JSON API of the files that students hand in."""

from typing import Any

from apiflask import APIBlueprint
from apiflask.schemas import FileSchema
from pydantic import Field

from blueprints import access
from blueprints.bearer import auth, me, scope
from blueprints.quizzes.files import allow_files, attachment, taken
from blueprints.schemas import Output, Query, responses
from services.quizzes import uploads

quiz_files_api = APIBlueprint("quiz_files_api", __name__, tag="Quizzes")
quiz_files_api.url_value_preprocessor(allow_files)


class UploadQuery(Query):
    """The name of the file, without folders."""

    name: str = Field(min_length=1, max_length=1_000)


class FileOut(Output):
    """A file as answers name it: an answer is a list of these."""

    id: str
    name: str
    size: int


@quiz_files_api.put("/attempts/<int:attempt_id>/items/<int:position>/files")
@quiz_files_api.auth_required(auth)
@quiz_files_api.input(UploadQuery, location="query")
@quiz_files_api.output(FileOut, status_code=201)
@quiz_files_api.doc(summary="Upload a file", responses=responses(403, 404, 409, 422))
@scope("attempts:write")
def upload_file(attempt_id: int, position: int, query_data: UploadQuery) -> Any:
    """Keep the body, whatever its type, as a file of a question: 10 MB at most, of a kind that the question takes. The
    same file again is the same one. It counts once an answer names it."""
    return taken(attempt_id, position, query_data.name, me())


@quiz_files_api.get("/attempts/<int:attempt_id>/files/<int:file_id>")
@quiz_files_api.auth_required(auth)
@quiz_files_api.output(FileSchema(type="string", format="binary"), content_type="application/octet-stream")
@quiz_files_api.doc(summary="Download a file", responses=responses(403, 404))
@scope("attempts:read")
def read_file(attempt_id: int, file_id: int) -> Any:
    """Give a file that was handed in, to its student and the course's staff."""
    access.readable_attempt(attempt_id, me())
    return attachment(uploads.find(attempt_id, file_id))
