"""Timelines of labs, and the saves of students' work: to list, to download, and to start again from."""

import uuid

from flask import Blueprint, Response, jsonify, render_template
from flask.typing import ResponseReturnValue

from blueprints import access, access_labs, limits
from blueprints.labs import documents, starting, timeline_words
from blueprints.pages import login_required, me
from extensions import db
from models import Lab, LabSave
from services import timelines
from services.courses.outlines import activity
from services.labs import sessions
from services.saves import store

work = Blueprint("lab_work", __name__)


@work.get("/courses/<slug>/labs/<lab>/work")
@login_required
def panel(slug: str, lab: str) -> ResponseReturnValue:
    """One's saves of a lab and its newest timeline, as a part of the lab's page."""
    course, _role = access.study(slug, me())
    definition = activity(course, lab, Lab)
    newest = sessions.latest(me().id, definition.id)
    return render_template(
        "labs/_work.html",
        course=course,
        lab=definition,
        saves=store.of(me().id, definition.id),
        lines=timeline_words.lines(timelines.of(newest.id)) if newest else [],
        is_over=newest is None or newest.state == "ended",
        receipt=timeline_words.receipt,
        facts=store.receipt,
    )


@work.post("/courses/<slug>/labs/<lab>/start-empty")
@login_required
@limits.each_person("lab_starts")
def start_empty(slug: str, lab: str) -> Response:
    """Start a lab without the saved work, which is kept: for students whose saved work breaks the lab."""
    course, role = access.study(slug, me())
    lab_session = starting.start(me(), activity(course, lab, Lab), course, role, is_fresh=True)
    db.session.commit()
    return jsonify(documents.shown(lab_session))


@work.get("/lab-sessions/<uuid:session_id>/timeline")
@login_required
def timeline(session_id: uuid.UUID) -> ResponseReturnValue:
    """A lab's timeline as a page, for its student and the staff."""
    lab_session = access_labs.lab_with_timeline(session_id, me())
    lines = timeline_words.lines(timelines.of(lab_session.id))
    return render_template(
        "labs/timeline.html", session=lab_session, lab=lab_session.lab, course=lab_session.course, lines=lines
    )


@work.get("/lab-saves/<int:save_id>/archive")
@login_required
def archive(save_id: int) -> Response:
    """One's saved work, as a file to take home."""
    return archive_of(access_labs.save(save_id, me()))


@work.post("/lab-saves/<int:save_id>/restore")
@login_required
@limits.each_person("lab_starts")
def restore(save_id: int) -> Response:
    """Begin anew with saved work."""
    lab_session = starting.restore(me(), access_labs.save(save_id, me()))
    db.session.commit()
    return jsonify(documents.shown(lab_session))


def archive_of(save: LabSave) -> Response:
    """Return a save as an attachment, whose name says of which lab and time it is."""
    lab = db.session.get_one(Lab, save.lab_id)
    response = Response(store.data_of(save), mimetype="application/gzip")
    name = f"{lab.slug}-{save.created_at:%Y%m%d-%H%M%S}.tar.gz"
    response.headers.set("Content-Disposition", "attachment", filename=name)
    response.headers["Cache-Control"] = "private, no-store"
    return response
