"""The JSON API of timelines and saves."""

import uuid
from typing import Any

import flask_babel
from apiflask import APIBlueprint
from flask import Response

from blueprints import access, access_labs, limits
from blueprints.bearer import auth, me, scope
from blueprints.labs import documents, starting, timeline_words
from blueprints.labs.schemas import SessionOut
from blueprints.labs.schemas_work import SavesOut, TimelineOut
from blueprints.labs.work import archive_of
from blueprints.schemas import responses
from extensions import db
from models import Lab, LabEvent
from reasons import text
from services import timelines
from services.courses.outlines import activity
from services.idleness import verdicts
from services.labs import wording
from services.saves import store

lab_work_api = APIBlueprint("lab_work_api", __name__, tag="Labs")
OF_VERDICT = ("at", "action", "reason", "facts")
ARCHIVE = {
    200: {
        "description": "A gzipped tar archive of the home",
        "content": {"application/gzip": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@lab_work_api.get("/lab-sessions/<uuid:session_id>/timeline")
@lab_work_api.auth_required(auth)
@lab_work_api.output(TimelineOut)
@lab_work_api.doc(summary="Read what happened to a lab", responses=responses(403, 404))
@scope("labs:read")
def read_timeline(session_id: uuid.UUID) -> Any:
    """Give the events, the oldest first, and each decision about its idleness with the facts behind it.

    For its student and the course's staff.
    """
    lab_session = access_labs.lab_with_timeline(session_id, me())
    events = timelines.of(lab_session.id)
    rows = [
        {
            "at": event.at,
            "kind": event.kind,
            "detail": timeline_words.with_texts(event.kind, event.detail),
            "words": line["words"],
            "reason": _reason(event),
        }
        for event, line in zip(events, timeline_words.lines(events), strict=True)
    ]
    return {
        "job_id": lab_session.job_id,
        "state": lab_session.state,
        "events": rows,
        "verdicts": [
            {**{name: getattr(row, name) for name in OF_VERDICT}, "words": timeline_words.reasons(row.facts)}
            for row in verdicts.of(lab_session.id)
        ],
    }


def _reason(event: LabEvent) -> dict[str, Any] | None:
    reason = timelines.reason_of(event.kind, event.detail)
    return wording.with_words(reason, text(reason, flask_babel))


@lab_work_api.get("/courses/<slug>/labs/<lab>/saves")
@lab_work_api.auth_required(auth)
@lab_work_api.output(SavesOut)
@lab_work_api.doc(summary="List my saves of a lab", responses=responses(403, 404))
@scope("labs:read")
def list_saves(slug: str, lab: str) -> Any:
    """Give the saves of the caller's work, the newest first."""
    course, _role = access.study(slug, me())
    definition = activity(course, lab, Lab)
    rows = [{**store.receipt(save), "reason": save.reason} for save in store.of(me().id, definition.id)]
    return {"saves": rows}


@lab_work_api.get("/lab-saves/<int:save_id>/archive")
@lab_work_api.auth_required(auth)
@lab_work_api.doc(summary="Download a save", responses={**ARCHIVE, **responses(403, 404)})
@scope("labs:read")
def read_archive(save_id: int) -> Response:
    """Give the archive itself."""
    return archive_of(access_labs.save(save_id, me()))


@lab_work_api.post("/lab-saves/<int:save_id>/restore")
@lab_work_api.auth_required(auth)
@lab_work_api.output(SessionOut)
@lab_work_api.doc(summary="Begin a lab anew with a save", responses=responses(403, 404, 409, 503))
@scope("labs:write")
@limits.each_person("lab_starts")
def restore(save_id: int) -> Any:
    """Save and reset the running lab, or start one, with this work in its home."""
    lab_session = starting.restore(me(), access_labs.save(save_id, me()))
    db.session.commit()
    return documents.shown(lab_session)
