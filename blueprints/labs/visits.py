"""Looking into a student's lab. There is no looking without a visit, and the student sees each visit."""

import uuid

from flask import Blueprint, Response, g, jsonify, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from blueprints import access_labs, limits, live_tickets
from blueprints.labs import documents, panels, step_rows
from blueprints.pages import login_required, me, now
from extensions import db
from models import LabSession
from models.lab_session import ENDED, RUNNING
from services.errors import Conflict
from services.help import visits

lab_visits = Blueprint("lab_visits", __name__, url_prefix="/lab-sessions/<uuid:session_id>/visit")


@lab_visits.get("")
@login_required
def show(session_id: uuid.UUID) -> ResponseReturnValue:
    """The student's steps and screen, to read. Opening the page begins the visit."""
    lab_session = access_labs.helped_lab(session_id, me())
    if lab_session.state != ENDED:
        visits.begin(lab_session, me(), now=now())
        db.session.commit()
    state, words = documents.shown(lab_session, me().id), step_rows.words(is_visit=True)
    g.csp_inline_style = True  # xterm.js writes <style> elements for its own rows
    return render_template(
        "labs/visit.html",
        course=lab_session.course,
        lab=lab_session.lab,
        student=lab_session.user,
        steps=step_rows.rows(lab_session.lab, state, words),
        words=words,
        panels=panels.OF_VISIT,
        state=state,
        board_url=url_for("labs_board.show", slug=lab_session.course.slug),
    )


@lab_visits.post("/live")
@login_required
@limits.each_person("tickets")
def live_ticket(session_id: uuid.UUID) -> Response:
    """A ticket to follow the lab's state; a visit that has ended begins anew."""
    lab_session = access_labs.helped_lab(session_id, me())
    visits.begin(lab_session, me(), now=now())
    db.session.commit()
    ticket = live_tickets.issuer().live("lab", lab_session.id)
    return jsonify(url=f"/live/labs/{lab_session.id}?ticket={ticket}")


@lab_visits.post("/ticket")
@login_required
@limits.each_person("tickets")
def ticket(session_id: uuid.UUID) -> Response:
    """A ticket that opens one terminal, once, for as long as the visit lasts."""
    lab_session = access_labs.helped_lab(session_id, me())
    visit = visits.load(lab_session, me())
    if lab_session.state != RUNNING:
        raise Conflict(_("The lab isn't running."))
    return jsonify(
        url=f"/live/terminals/{lab_session.id}?ticket={live_tickets.issuer().terminal(lab_session.id, visit.id)}"
    )


@lab_visits.post("/ask")
@login_required
@limits.each_person("keyboard")
def ask(session_id: uuid.UUID) -> Response:
    """Ask the student for the keyboard."""
    lab_session = access_labs.helped_lab(session_id, me())
    visits.ask(lab_session, me(), now=now())
    return _committed(lab_session)


@lab_visits.post("/give-back")
@login_required
def give_back(session_id: uuid.UUID) -> Response:
    """Hand the keyboard back, or ask for it no more."""
    lab_session = access_labs.helped_lab(session_id, me())
    visits.give_back(lab_session, me(), now=now())
    return _committed(lab_session)


@lab_visits.post("/leave")
@login_required
def leave(session_id: uuid.UUID) -> ResponseReturnValue:
    """End the visit."""
    lab_session = access_labs.helped_lab(session_id, me())
    visits.end(lab_session.id, me().id, now=now())
    db.session.commit()
    return redirect(url_for("labs_board.show", slug=lab_session.course.slug))


def _committed(lab_session: LabSession) -> Response:
    db.session.commit()
    visits.load(lab_session, me())
    return jsonify(documents.shown(lab_session, me().id))
