"""The web servers of a lab: where they are seen, for the student whose lab it is."""

import uuid

from flask import Blueprint, Response, current_app, jsonify, redirect
from flask.typing import ResponseReturnValue

from blueprints import access_labs, limits, live_tickets
from blueprints.labs.panels import origin
from blueprints.pages import login_required, me
from config import Settings
from models import LabSession
from services.errors import NotFound

lab_ports = Blueprint("lab_ports", __name__)


@lab_ports.post("/lab-sessions/<uuid:session_id>/ports/<int:port>")
@login_required
@limits.each_person("tickets")
def port_ticket(session_id: uuid.UUID, port: int) -> Response:
    """A ticket to ask whether somebody listens on the port."""
    lab_session = _with_port(session_id, port)
    ticket = live_tickets.issuer().live("probe", lab_session.id, port)
    return jsonify(url=f"/live/ports/{lab_session.id}/{port}?ticket={ticket}")


@lab_ports.get("/lab-sessions/<uuid:session_id>/ports/<int:port>/open")
@login_required
@limits.each_person("tickets")
def open_port(session_id: uuid.UUID, port: int) -> ResponseReturnValue:
    """Lead to what the port shows."""
    lab_session = _with_port(session_id, port)
    settings: Settings = current_app.extensions["yurt"]
    if settings.lab_ports_host:
        host = settings.lab_ports_host.replace("*", f"{port}-{lab_session.id.hex}", 1)
        ticket = live_tickets.issuer().port(lab_session.id, port)
        return redirect(f"{origin(settings, host)}/.yurt/enter?ticket={ticket}", 303)
    ticket = live_tickets.issuer().live("port", lab_session.id, port)
    return redirect(f"/live/ports/{lab_session.id}/{port}/{ticket}/", 303)


def _with_port(session_id: uuid.UUID, port: int) -> LabSession:
    lab_session = access_labs.running_lab(session_id, me())
    if port not in lab_session.lab.ports:
        raise NotFound
    return lab_session
