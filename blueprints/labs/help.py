"""Help in a lab, as its page's script asks for it: the hand, messages, and the keyboard that its student gives."""

import uuid

from flask import Blueprint, Response, jsonify, request
from flask_babel import gettext as _

from blueprints import access_labs, limits
from blueprints.labs import documents
from blueprints.pages import json_object, login_required, me, now, takes_json
from extensions import db
from models import LabSession
from services import policy
from services.errors import InvalidInput
from services.help import hands, visits
from services.help import messages as help_messages

lab_help = Blueprint("lab_help", __name__)


@lab_help.post("/lab-sessions/<uuid:session_id>/hand")
@login_required
@takes_json
@limits.each_person("hands")
def raise_hand(session_id: uuid.UUID) -> Response:
    """Ask for help, or change the note."""
    lab_session = access_labs.lab(session_id, me())
    hands.raise_hand(lab_session, _text("note"), now=now())
    return _committed(lab_session)


@lab_help.post("/lab-sessions/<uuid:session_id>/hand/lower")
@login_required
def lower_hand(session_id: uuid.UUID) -> Response:
    """Lower the hand, by its student or whoever helps."""
    lab_session = access_labs.shared_lab(session_id, me())
    hands.lower_hand(lab_session, me(), now=now())
    return _committed(lab_session)


@lab_help.get("/lab-sessions/<uuid:session_id>/messages")
@login_required
def messages(session_id: uuid.UUID) -> Response:
    """What was said, after the message `after`."""
    lab_session = access_labs.shared_lab(session_id, me())
    return jsonify(messages=help_messages.of(lab_session, me(), after=max(0, request.args.get("after", 0, int))))


@lab_help.post("/lab-sessions/<uuid:session_id>/messages")
@login_required
@takes_json
def say(session_id: uuid.UUID) -> Response:
    """Say something."""
    lab_session = access_labs.shared_lab(session_id, me())
    limits.spend("messages", me().id, lab_session.id)
    help_messages.say(lab_session, me(), _text("text"), now=now())
    return _committed(lab_session)


@lab_help.post("/lab-sessions/<uuid:session_id>/messages/read")
@login_required
@takes_json
def read(session_id: uuid.UUID) -> Response:
    """Note how far one has read."""
    lab_session = access_labs.shared_lab(session_id, me())
    upto = json_object().get("upto")
    if not isinstance(upto, int) or isinstance(upto, bool) or not 0 <= upto < 2**63:
        raise InvalidInput("upto", _("That can't be the number of a message."))
    help_messages.mark_read(lab_session.id, me(), upto)
    return _committed(lab_session)


@lab_help.post("/lab-sessions/<uuid:session_id>/visits/<int:visit_id>/give")
@login_required
def give(session_id: uuid.UUID, visit_id: int) -> Response:
    """Let a visitor type, too."""
    lab_session = access_labs.lab(session_id, me())
    visits.give(lab_session, visit_id, now=now())
    return _committed(lab_session)


@lab_help.post("/lab-sessions/<uuid:session_id>/visits/<int:visit_id>/take-back")
@login_required
def take_back(session_id: uuid.UUID, visit_id: int) -> Response:
    """Take the keyboard back from a visitor, or refuse it."""
    lab_session = access_labs.own_lab(session_id, me())
    visits.take_back(lab_session, visit_id, now=now())
    return _committed(lab_session)


def _text(name: str) -> str:
    value = json_object().get(name, "")
    if not isinstance(value, str):
        raise InvalidInput(name, _("Send a text."))
    return value


def _committed(lab_session: LabSession) -> Response:
    """Commit, and answer with the state, to the student and to visitors: who isn't seen to look in gets none."""
    db.session.commit()
    user = me()
    is_seen = policy.owns_lab(user, lab_session) or visits.find(lab_session, user.id) is not None
    return jsonify(documents.shown(lab_session, user.id) if is_seen else {})
