"""The JSON API of a class that is brought in from a list, and of places that are kept for people without an account."""

from typing import Any

import flask_babel
from apiflask import APIBlueprint
from flask import request

from blueprints import access, limits
from blueprints.bearer import auth, me, scope
from blueprints.courses.schemas_rosters import ExpectedPlacesOut, RosterOut, RosterQuery
from blueprints.openapi import takes_bytes
from blueprints.pages import now
from blueprints.schemas import responses
from extensions import db
from reasons import sentence
from services.courses import rosters
from services.courses.rosters import Plan, Row
from services.errors import NotFound

rosters_api = APIBlueprint("rosters_api", __name__, tag="Courses")
PLACES = "/courses/<slug>/expected-places"


@rosters_api.post("/courses/<slug>/enrolments/imports")
@rosters_api.auth_required(auth)
@rosters_api.input(RosterQuery, location="query")
@rosters_api.output(RosterOut)
@rosters_api.doc(summary="Bring a class in from a list", responses=responses(403, 404, 409, 422))
@scope("people:write")
@takes_bytes("application/octet-stream", "A list with headings, as school systems write it (CSV): 1 MB at most.")
def import_roster(slug: str, query_data: RosterQuery) -> Any:
    """Say what a list does, line by line; with the `digest` of that, do it. For the course's teachers.

    409 with the reason `roster_stale`: something came between, look at what it does now. Lines that are `wrong` are
    left out. For whom there is no account yet a place is kept by their address."""
    course = access.managed(slug, me())
    limits.spend("rosters", me().id)
    data = request.get_data(cache=False)
    if query_data.digest is None:
        return _document(rosters.plan(course, data), is_applied=False)
    done = rosters.apply(course, data, digest=query_data.digest, now=now())
    db.session.commit()
    return _document(done, is_applied=True)


@rosters_api.get(PLACES)
@rosters_api.auth_required(auth)
@rosters_api.output(ExpectedPlacesOut)
@rosters_api.doc(summary="List the places that are kept for addresses", responses=responses(403, 404))
@scope("people:read")
def list_expected_places(slug: str) -> Any:
    """For the course's teachers: who is expected, by their addresses."""
    return {"places": rosters.expected(access.managed(slug, me()))}


@rosters_api.delete(f"{PLACES}/<email>")
@rosters_api.auth_required(auth)
@rosters_api.output({}, status_code=204)
@rosters_api.doc(summary="Keep a place no more", responses=responses(403, 404))
@scope("people:write")
def delete_expected_place(slug: str, email: str) -> Any:
    """For the course's teachers."""
    if not rosters.forget(access.managed(slug, me()), email):
        raise NotFound
    db.session.commit()
    return ""


def _document(plan: Plan, *, is_applied: bool) -> dict[str, Any]:
    counts = {does: plan.count(does) for does in rosters.ALL}
    lines = [_line(row) for row in plan.rows]
    return {"digest": plan.digest, "is_applied": is_applied, **counts, "cohorts": plan.cohorts, "lines": lines}


def _line(row: Row) -> dict[str, Any]:
    fault = row.line.fault
    said = {name: getattr(row.line, name) for name in ("number", "email", "role", "cohort")}
    reason = {**fault.as_json(), "text": sentence(fault, flask_babel)} if fault else None
    # What somebody is called is shown of people of the course alone.
    return {**said, "name": row.name if row.old_role else None, "does": row.does, "reason": reason}
