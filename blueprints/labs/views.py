"""Pages of labs. They write a row and nudge the scheduler, which starts and stops the machines."""

import uuid
from typing import Any

from flask import Blueprint, Response, current_app, g, jsonify, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from blueprints import access, access_labs, limits, live_tickets
from blueprints.errors import wants_json
from blueprints.labs import documents, panels, starting, step_rows
from blueprints.pages import link, login_required, me, now
from config import Settings
from extensions import db
from models import Lab, LabSession
from services import policy
from services.courses.outlines import activity, outline
from services.labs import checks, lifecycle, progress, running_labs, steps
from services.labs import sessions as lab_sessions

labs = Blueprint("labs", __name__)


@labs.get("/labs")
@login_required
def index() -> ResponseReturnValue:
    """One's running labs, and the labs of one's courses."""
    sessions = [
        {
            "session": lab_session,
            "lab": lab_session.lab,
            "course": lab_session.course,
            "url": _page(lab_session.course.slug, lab_session.lab.slug),
        }
        for lab_session in lab_sessions.of_user(me().id)
    ]
    offered = [
        {"lab": lab, "course": lab.course, "url": _page(lab.course.slug, lab.slug)} for lab in steps.offered_to(me().id)
    ]
    return render_template("labs/index.html", sessions=sessions, labs=offered)


@labs.get("/courses/<slug>/labs/<lab>")
@login_required
def show(slug: str, lab: str) -> ResponseReturnValue:
    """The steps beside the machine."""
    course, role = access.study(slug, me())
    definition = activity(course, lab, Lab)
    takes_part = policy.may_take_part(role)
    newest = lab_sessions.latest(me().id, definition.id)
    state = documents.shown(newest) if newest else None
    hindrance = starting.hindrance(definition) if takes_part else "outsider"
    words = step_rows.words()
    before, after = outline(course).around(definition.slug)
    g.csp_inline_style = True  # xterm.js writes <style> elements for its own rows
    g.csp_frames = panels.frames(definition, _settings())
    return render_template(
        "labs/show.html",
        course=course,
        lab=definition,
        steps=step_rows.rows(definition, state, words),
        words=words,
        can_begin=hindrance is None and (state is None or state["state"] == "ended"),
        panels=panels.of(definition, takes_part),
        state=state,
        hindrance=hindrance,
        limits_programs=starting.limits_programs_alone(),
        asks_model=definition.course.hints_by_model and bool(_settings().mistral_api_key),
        is_port_host=bool(_settings().lab_ports_host),
        previous=link(course, before),
        next=link(course, after),
    )


@labs.post("/courses/<slug>/labs/<lab>/start")
@login_required
@limits.each_person("lab_starts")
def start(slug: str, lab: str) -> ResponseReturnValue:
    """Ask for a machine."""
    course, role = access.study(slug, me())
    lab_session = starting.start(me(), activity(course, lab, Lab), course, role)
    db.session.commit()
    if wants_json():
        return jsonify(documents.shown(lab_session))
    return redirect(_page(slug, lab))


@labs.post("/lab-sessions/<uuid:session_id>/stop")
@login_required
def stop(session_id: uuid.UUID) -> Response:
    """End the lab, or leave the queue."""
    lab_session = access_labs.lab(session_id, me())
    lifecycle.stop(lab_session, reason="user", now=now())
    return _committed(lab_session)


@labs.post("/lab-sessions/<uuid:session_id>/reset")
@login_required
@limits.each_person("lab_starts")
def reset(session_id: uuid.UUID) -> Response:
    """Throw everything in the lab away, and begin anew."""
    lab_session = access_labs.lab(session_id, me())
    starting.reset(lab_session)
    return _committed(lab_session)


@labs.post("/lab-sessions/<uuid:session_id>/extend")
@login_required
def extend(session_id: uuid.UUID) -> Response:
    """Keep an idle lab."""
    lab_session = access_labs.lab(session_id, me())
    running_labs.extend(lab_session, now=now())
    return _committed(lab_session)


@labs.post("/lab-sessions/<uuid:session_id>/checks/<int:check_id>")
@login_required
@limits.each_person("checks")
def check(session_id: uuid.UUID, check_id: int) -> ResponseReturnValue:
    """Have a check run."""
    lab_session = access_labs.lab(session_id, me())
    checks.request(lab_session, check_id, now=now())
    return _committed(lab_session), 202


@labs.post("/lab-sessions/<uuid:session_id>/steps/<int:step_id>/checks")
@login_required
@limits.each_person("checks")
def check_step(session_id: uuid.UUID, step_id: int) -> ResponseReturnValue:
    """Have every check of a step run."""
    lab_session = access_labs.lab(session_id, me())
    checks.request_step(lab_session, step_id, now=now())
    return _committed(lab_session), 202


@labs.post("/lab-sessions/<uuid:session_id>/steps/<int:step_id>/solution")
@login_required
def solution(session_id: uuid.UUID, step_id: int) -> Response:
    """Open a step's solution for a student who is stuck."""
    lab_session = access_labs.lab(session_id, me())
    progress.show_solution(lab_session, step_id, now=now())
    return _committed(lab_session)


@labs.get("/lab-sessions/<uuid:session_id>/state")
@login_required
def state(session_id: uuid.UUID) -> Response:
    """The state document, for a page that can't listen."""
    return jsonify(documents.shown(access_labs.lab(session_id, me())))


@labs.post("/lab-sessions/<uuid:session_id>/ticket")
@login_required
@limits.each_person("tickets")
def ticket(session_id: uuid.UUID) -> Response:
    """A ticket that opens one terminal, once."""
    lab_session = access_labs.running_lab(session_id, me())
    return jsonify(url=f"/live/terminals/{lab_session.id}?ticket={live_tickets.issuer().terminal(lab_session.id)}")


@labs.post("/lab-sessions/<uuid:session_id>/live")
@login_required
@limits.each_person("tickets")
def live_ticket(session_id: uuid.UUID) -> Response:
    """A ticket to follow the lab's state."""
    lab_session = access_labs.lab(session_id, me())
    ticket = live_tickets.issuer().live("lab", lab_session.id)
    return jsonify(url=f"/live/labs/{lab_session.id}?ticket={ticket}")


@labs.post("/lab-sessions/<uuid:session_id>/files")
@login_required
@limits.each_person("tickets")
def files_ticket(session_id: uuid.UUID) -> Response:
    """A ticket for the files of a running lab."""
    lab_session = access_labs.running_lab(session_id, me())
    return jsonify(url=f"/live/files/{lab_session.id}", ticket=live_tickets.issuer().live("files", lab_session.id))


def _committed(lab_session: LabSession) -> Response:
    db.session.commit()
    return jsonify(documents.shown(lab_session))


def _settings() -> Settings:
    settings: Settings = current_app.extensions["yurt"]
    return settings


def _page(slug: str, lab: str, **values: Any) -> str:
    return url_for("labs.show", slug=slug, lab=lab, **values)
