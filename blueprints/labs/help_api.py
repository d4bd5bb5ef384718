"""The JSON API of the labs board and of help in labs."""

import uuid
from datetime import datetime
from typing import Any

from apiflask import APIBlueprint

from blueprints import access, access_labs, limits
from blueprints.bearer import auth, me, scope
from blueprints.labs import board_words
from blueprints.labs.schemas_help import (
    CountOut,
    HandIn,
    HandOut,
    KeepIn,
    LabsBoardOut,
    LabsBoardQuery,
    LabsIn,
    MessageIn,
    MessageOut,
    MessagesOut,
    MessagesQuery,
)
from blueprints.pages import now
from blueprints.schemas import responses
from extensions import db
from models import LabSession
from services.help import board, hands, messages
from services.labs import bulk

lab_help_api = APIBlueprint("lab_help_api", __name__, tag="Help in labs")
OF_SESSION = ("state", "node", "hand_raised_at", "hand_note", "last_active_at", "expires_at", "kept_until", "user_id")


@lab_help_api.get("/courses/<slug>/labs-board")
@lab_help_api.auth_required(auth)
@lab_help_api.input(LabsBoardQuery, location="query")
@lab_help_api.output(LabsBoardOut)
@lab_help_api.doc(summary="See who has a lab in a course, and who needs help", responses=responses(403, 404, 422))
@scope("labs:read")
def read_labs_board(slug: str, query_data: LabsBoardQuery) -> Any:
    """For the course's staff: raised hands first, then who fails a check again and again, then who is stuck."""
    course = access.board(slug, me())
    lab_id = access_labs.lab_id_of(course, query_data.lab)
    at = now()
    board_page = board.board(course, me(), now=at, lab_id=lab_id, page=query_data.page, per_page=query_data.per_page)
    counts = {"running": board_page.running, "queued": board_page.queued, "needing": board_page.needing}
    place = {"page": board_page.page.number, "pages": board_page.page.pages, "total": board_page.page.total}
    return {"rows": [_row(row, at) for row in board_page.page.rows], **counts, **place}


def _row(row: board.Row, at: datetime) -> dict[str, Any]:
    return {
        **{name: getattr(row.session, name) for name in OF_SESSION},
        "session_id": str(row.session.id),
        "name": row.name,
        "lab": row.lab_slug,
        "position": row.place.position if row.place else None,
        "done": row.done,
        "total": row.total,
        "reasons": [
            {"kind": why.kind, "words": board_words.reason(why, at), "since": why.since} for why in row.reasons
        ],
        "visitors": row.visitors,
        "unread": row.unread,
    }


@lab_help_api.post("/courses/<slug>/labs-board/stop")
@lab_help_api.auth_required(auth)
@lab_help_api.input(LabsIn)
@lab_help_api.output(CountOut)
@lab_help_api.doc(summary="Stop all labs of a course", responses=responses(403, 404, 422))
@scope("labs:write")
def stop_labs(slug: str, json_data: LabsIn) -> Any:
    """For the course's staff; work is saved as with any other end."""
    course = access.board(slug, me())
    count = bulk.stop_all(course, access_labs.lab_id_of(course, json_data.lab), now=now())
    return _counted(count)


@lab_help_api.post("/courses/<slug>/labs-board/extend")
@lab_help_api.auth_required(auth)
@lab_help_api.input(KeepIn)
@lab_help_api.output(CountOut)
@lab_help_api.doc(summary="Keep all labs of a course, also idle ones", responses=responses(403, 404, 422))
@scope("labs:write")
def extend_labs(slug: str, json_data: KeepIn) -> Any:
    """For the course's staff; nothing outlives its longest life."""
    course = access.board(slug, me())
    lab_id = access_labs.lab_id_of(course, json_data.lab)
    return _counted(bulk.keep_all(course, lab_id, json_data.minutes, me(), now=now()))


@lab_help_api.post("/courses/<slug>/labs-board/save")
@lab_help_api.auth_required(auth)
@lab_help_api.input(LabsIn)
@lab_help_api.output(CountOut)
@lab_help_api.doc(summary="Save the work in all labs of a course", responses=responses(403, 404, 422))
@scope("labs:write")
def save_labs(slug: str, json_data: LabsIn) -> Any:
    """For the course's staff; it is done in the background."""
    course = access.board(slug, me())
    return _counted(bulk.save_all(course, access_labs.lab_id_of(course, json_data.lab), now=now()))


@lab_help_api.put("/lab-sessions/<uuid:session_id>/hand")
@lab_help_api.auth_required(auth)
@lab_help_api.input(HandIn)
@lab_help_api.output(HandOut)
@lab_help_api.doc(summary="Raise a hand", responses=responses(403, 404, 409, 422))
@scope("labs:write")
@limits.each_person("hands")
def raise_hand(session_id: uuid.UUID, json_data: HandIn) -> Any:
    """Ask for help in one's own lab; a hand that is up gets the new note."""
    lab_session = access_labs.lab(session_id, me())
    hands.raise_hand(lab_session, json_data.note, now=now())
    return _hand(lab_session)


@lab_help_api.delete("/lab-sessions/<uuid:session_id>/hand")
@lab_help_api.auth_required(auth)
@lab_help_api.output(HandOut)
@lab_help_api.doc(summary="Lower a hand", responses=responses(403, 404))
@scope("labs:write")
def lower_hand(session_id: uuid.UUID) -> Any:
    """For the lab's student and the course's staff."""
    lab_session = access_labs.shared_lab(session_id, me())
    hands.lower_hand(lab_session, me(), now=now())
    return _hand(lab_session)


@lab_help_api.get("/lab-sessions/<uuid:session_id>/messages")
@lab_help_api.auth_required(auth)
@lab_help_api.input(MessagesQuery, location="query")
@lab_help_api.output(MessagesOut)
@lab_help_api.doc(summary="Read what was said in a lab", responses=responses(403, 404, 422))
@scope("labs:read")
def list_messages(session_id: uuid.UUID, query_data: MessagesQuery) -> Any:
    """For the lab's student and the course's staff: at most 200, the newest."""
    return {"messages": messages.of(access_labs.shared_lab(session_id, me()), me(), after=query_data.after)}


@lab_help_api.post("/lab-sessions/<uuid:session_id>/messages")
@lab_help_api.auth_required(auth)
@lab_help_api.input(MessageIn)
@lab_help_api.output(MessageOut, status_code=201)
@lab_help_api.doc(summary="Say something in a lab", responses=responses(403, 404, 409, 422))
@scope("labs:write")
def send_message(session_id: uuid.UUID, json_data: MessageIn) -> Any:
    """For the lab's student and the course's staff; ten a minute."""
    lab_session = access_labs.shared_lab(session_id, me())
    limits.spend("messages", me().id, lab_session.id)
    message = messages.say(lab_session, me(), json_data.text, now=now())
    db.session.commit()
    return messages.of(lab_session, me(), after=message.id - 1)[0]


def _counted(count: int) -> dict[str, int]:
    db.session.commit()
    return {"count": count}


def _hand(lab_session: LabSession) -> dict[str, Any]:
    db.session.commit()
    return {"raised_at": lab_session.hand_raised_at, "note": lab_session.hand_note}
