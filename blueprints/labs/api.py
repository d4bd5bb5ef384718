"""The JSON API of labs and lab sessions."""

import uuid
from typing import Any

from apiflask import APIBlueprint
from flask import url_for

from blueprints import access, access_labs, limits
from blueprints.bearer import auth, me, scope, token
from blueprints.labs import documents, starting
from blueprints.labs.schemas import LabDetailOut, LabOut, LabsOut, SessionOut, SessionsOut
from blueprints.pages import now
from blueprints.schemas import responses
from extensions import db
from models import Lab, LabSession
from services.courses.outlines import activity
from services.labs import checks, lifecycle, progress, running_labs, sessions
from services.labs import steps as lab_steps

labs_api = APIBlueprint("labs_api", __name__, tag="Labs")


@labs_api.get("/courses/<slug>/labs")
@labs_api.auth_required(auth)
@labs_api.output(LabsOut)
@labs_api.doc(summary="List the labs of a course", responses=responses(403, 404))
@scope("labs:read")
def list_labs(slug: str) -> Any:
    """Give every lab in the order of the course."""
    course, _role = access.study(slug, me())
    return {"labs": lab_steps.of_course(course)}


@labs_api.get("/courses/<slug>/labs/<lab>")
@labs_api.auth_required(auth)
@labs_api.output(LabDetailOut)
@labs_api.doc(summary="Read a lab with its steps", responses=responses(403, 404))
@scope("labs:read")
def read_lab(slug: str, lab: str) -> Any:
    """Give the steps and checks, without the checks' scripts."""
    course, _role = access.study(slug, me())
    definition = activity(course, lab, Lab)
    steps = [
        {
            "id": row["step"].id,
            "position": row["step"].position,
            "title": row["step"].title,
            "body_html": row["step"].body_html,
            "checks": row["checks"],
        }
        for row in lab_steps.steps(definition)
    ]
    return {**LabOut.model_validate(definition).model_dump(), "steps": steps}


@labs_api.post("/courses/<slug>/labs/<lab>/sessions")
@labs_api.auth_required(auth)
@labs_api.output(SessionOut, status_code=201)
@labs_api.doc(summary="Start a lab, or get the session there is", responses=responses(403, 404, 409, 503))
@scope("labs:write")
@limits.each_person("lab_starts")
def start_session(slug: str, lab: str) -> Any:
    """Queue the lab; its session tells when it runs."""
    course, role = access.study(slug, me())
    lab_session = starting.start(me(), activity(course, lab, Lab), course, role)
    db.session.commit()
    address = url_for("labs_api.read_session", session_id=lab_session.id)
    return documents.shown(lab_session), 201, {"Location": address}


@labs_api.get("/lab-sessions")
@labs_api.auth_required(auth)
@labs_api.output(SessionsOut)
@labs_api.doc(summary="List my lab sessions", responses=responses(403))
@scope("labs:read", heeds_course=True)
def list_sessions() -> Any:
    """Give those that haven't ended."""
    rows = [
        {
            "id": str(lab_session.id),
            "course": lab_session.course.slug,
            "lab": lab_session.lab.slug,
            "job_id": lab_session.job_id,
            "state": lab_session.state,
            "queued_at": lab_session.queued_at,
        }
        for lab_session in sessions.of_user(me().id)
        if token().course_id in (None, lab_session.course_id)
    ]
    return {"sessions": rows}


@labs_api.get("/lab-sessions/<uuid:session_id>")
@labs_api.auth_required(auth)
@labs_api.output(SessionOut)
@labs_api.doc(summary="Read a lab session", responses=responses(403, 404))
@scope("labs:read")
def read_session(session_id: uuid.UUID) -> Any:
    """Give the state, the place in the queue, and the checks."""
    return documents.shown(access_labs.own_lab(session_id, me()))


@labs_api.post("/lab-sessions/<uuid:session_id>/stop")
@labs_api.auth_required(auth)
@labs_api.output(SessionOut)
@labs_api.doc(summary="Stop a lab, or leave the queue", responses=responses(403, 404))
@scope("labs:write")
def stop_session(session_id: uuid.UUID) -> Any:
    """End it; what is in its home stays for the next start."""
    lab_session = access_labs.own_lab(session_id, me())
    lifecycle.stop(lab_session, reason="user", now=now())
    return _committed(lab_session)


@labs_api.post("/lab-sessions/<uuid:session_id>/reset")
@labs_api.auth_required(auth)
@labs_api.output(SessionOut)
@labs_api.doc(summary="Begin a lab anew", responses=responses(403, 404, 409, 503))
@scope("labs:write")
@limits.each_person("lab_starts")
def reset_session(session_id: uuid.UUID) -> Any:
    """Throw everything in it away."""
    lab_session = access_labs.lab(session_id, me())
    starting.reset(lab_session)
    return _committed(lab_session)


@labs_api.post("/lab-sessions/<uuid:session_id>/extend")
@labs_api.auth_required(auth)
@labs_api.output(SessionOut)
@labs_api.doc(summary="Keep an idle lab", responses=responses(403, 404, 409))
@scope("labs:write")
def extend_session(session_id: uuid.UUID) -> Any:
    """Count it as used now."""
    lab_session = access_labs.lab(session_id, me())
    running_labs.extend(lab_session, now=now())
    return _committed(lab_session)


@labs_api.post("/lab-sessions/<uuid:session_id>/checks/<int:check_id>")
@labs_api.auth_required(auth)
@labs_api.output(SessionOut, status_code=202)
@labs_api.doc(summary="Run a check", responses=responses(403, 404, 409))
@scope("labs:write")
@limits.each_person("checks")
def run_check(session_id: uuid.UUID, check_id: int) -> Any:
    """Queue the check; the session tells its outcome."""
    lab_session = access_labs.lab(session_id, me())
    checks.request(lab_session, check_id, now=now())
    return _committed(lab_session)


@labs_api.post("/lab-sessions/<uuid:session_id>/steps/<int:step_id>/checks")
@labs_api.auth_required(auth)
@labs_api.output(SessionOut, status_code=202)
@labs_api.doc(summary="Run every check of a step", responses=responses(403, 404, 409))
@scope("labs:write")
@limits.each_person("checks")
def run_step(session_id: uuid.UUID, step_id: int) -> Any:
    """Queue the checks; the session tells their outcomes."""
    lab_session = access_labs.lab(session_id, me())
    checks.request_step(lab_session, step_id, now=now())
    return _committed(lab_session)


@labs_api.post("/lab-sessions/<uuid:session_id>/steps/<int:step_id>/solution")
@labs_api.auth_required(auth)
@labs_api.output(SessionOut)
@labs_api.doc(summary="Open a step's solution", responses=responses(403, 404, 409))
@scope("labs:write")
def show_solution(session_id: uuid.UUID, step_id: int) -> Any:
    """Give the solution where the step is passed, or where its student is stuck; the timeline tells that they asked."""
    lab_session = access_labs.lab(session_id, me())
    progress.show_solution(lab_session, step_id, now=now())
    return _committed(lab_session)


def _committed(lab_session: LabSession) -> dict[str, Any]:
    db.session.commit()
    return documents.shown(lab_session)
