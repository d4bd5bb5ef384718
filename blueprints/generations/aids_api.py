"""The JSON API of comments and hints by a model: whether a course has them, and drafts of comments for graders."""

from typing import Any

from apiflask import APIBlueprint

from blueprints import access
from blueprints.bearer import auth, me, scope
from blueprints.generations import documents, means
from blueprints.generations.schemas_aids import CommentDraftOut, ModelAidsIn, ModelAidsOut, SentOut
from blueprints.limits import each_person
from blueprints.pages import now
from blueprints.schemas import responses
from extensions import db
from models import Course, Generation
from models.generation import OPEN_GENERATIONS
from services.errors import NotFound
from services.generations import aids, asking

model_aids_api = APIBlueprint("model_aids_api", __name__, tag="Generations")
SETTINGS = "/courses/<slug>/model-aids"
DRAFT = "/attempts/<int:attempt_id>/items/<int:position>/comment-draft"


@model_aids_api.get(SETTINGS)
@model_aids_api.auth_required(auth)
@model_aids_api.output(ModelAidsOut)
@model_aids_api.doc(summary="Read whether a model drafts comments and gives hints", responses=responses(403, 404))
@scope("generations:read")
def read_model_aids(slug: str) -> Any:
    """For the course's staff."""
    return _settings(access.bank(slug, me())[0])


@model_aids_api.put(SETTINGS)
@model_aids_api.auth_required(auth)
@model_aids_api.input(ModelAidsIn)
@model_aids_api.output(ModelAidsOut)
@model_aids_api.doc(summary="Turn comments and hints by a model on or off", responses=responses(403, 404, 422))
@scope("generations:write")
def change_model_aids(slug: str, json_data: ModelAidsIn) -> Any:
    """For teachers. Of a student who doesn't allow it, nothing is sent all the same."""
    course = access.generated(slug, me())
    aids.allow(course, comments=json_data.comments, hints=json_data.hints)
    db.session.commit()
    return _settings(course)


@model_aids_api.get("/courses/<slug>/generations/<int:generation_id>/sent")
@model_aids_api.auth_required(auth)
@model_aids_api.output(SentOut)
@model_aids_api.doc(summary="Read what was sent to the model for questions", responses=responses(403, 404))
@scope("generations:read")
def read_sent(slug: str, generation_id: int) -> Any:
    """Give the messages of each call, word for word. Null: the call is from before they were kept."""
    course, _role = access.bank(slug, me())
    row = asking.find(course, generation_id)
    return {"calls": [{"number": call.number, "made_at": call.made_at, "messages": call.sent} for call in row.calls]}


@model_aids_api.get(DRAFT)
@model_aids_api.auth_required(auth)
@model_aids_api.output(CommentDraftOut)
@model_aids_api.doc(summary="Read the draft of a comment on an answer", responses=responses(403, 404))
@scope("generations:read")
def read_comment_draft(attempt_id: int, position: int) -> Any:
    """For who grades the answer. 404 where nobody has asked for one."""
    access.graded_answer(attempt_id, position, me())
    row = aids.comment_on(attempt_id, position)
    if row is None:
        raise NotFound
    return _draft(row)


@model_aids_api.post(DRAFT)
@model_aids_api.auth_required(auth)
@model_aids_api.output(CommentDraftOut, status_code=202)
@model_aids_api.doc(summary="Have a comment on an answer drafted", responses=responses(403, 404, 409))
@scope("generations:write")
@each_person("generations")
def create_comment_draft(attempt_id: int, position: int) -> Any:
    """For who grades the answer, which is an essay. It costs a call to the model; the marks stay people's."""
    item = access.graded_answer(attempt_id, position, me())
    made = aids.ask_comment(item, me(), means.terms(), means.redis(), now=now())
    db.session.commit()
    return _draft(made), 202


def _settings(course: Course) -> dict[str, Any]:
    return {
        "comments": course.drafts_comments,
        "hints": course.hints_by_model,
        "is_possible": means.terms().has_key,
    }


def _draft(row: Generation) -> dict[str, Any]:
    return {
        "state": row.state,
        "is_waiting": row.state in OPEN_GENERATIONS,
        "comment": row.said,
        "reason": documents.reason(row.reason),
        "messages": row.messages,
        "requested_at": row.requested_at,
    }
