"""The JSON API of the ledger: one's own points, an instructor's awards, and audits."""

import secrets
from typing import Any

from apiflask import APIBlueprint

from blueprints import access
from blueprints.bearer import auth, me, scope
from blueprints.leaderboards.schemas import AuditIn, AuditOut, AuditsOut, AwardIn, AwardOut, EntriesOut
from blueprints.pages import now
from blueprints.schemas import PageQuery, responses
from extensions import db
from models import Course, PointAudit
from services import policy
from services.courses import catalogue
from services.errors import Forbidden, InvalidInput
from services.leaderboards import audits, awards, entries

points_api = APIBlueprint("points_api", __name__, tag="Points")


@points_api.get("/courses/<slug>/points")
@points_api.auth_required(auth)
@points_api.input(PageQuery, location="query")
@points_api.output(EntriesOut)
@points_api.doc(summary="Read your points in a course", responses=responses(403, 404, 422))
@scope("points:read")
def list_entries(slug: str, query_data: PageQuery) -> Any:
    """Give what you got points for, the newest first."""
    course, _role = access.study(slug, me())
    return _entries(course, me().id, query_data)


@points_api.get("/courses/<slug>/people/<int:user_id>/points")
@points_api.auth_required(auth)
@points_api.input(PageQuery, location="query")
@points_api.output(EntriesOut)
@points_api.doc(summary="Read a person's points", responses=responses(403, 404, 422))
@scope("points:read")
def list_persons_entries(slug: str, user_id: int, query_data: PageQuery) -> Any:
    """For the course's staff."""
    course, place = access.pointed(slug, user_id, me())
    return _entries(course, place.user_id, query_data)


@points_api.post("/courses/<slug>/people/<int:user_id>/points")
@points_api.auth_required(auth)
@points_api.input(AwardIn)
@points_api.output(AwardOut, status_code=201)
@points_api.doc(summary="Give a student points, with a reason", responses=responses(403, 404, 409, 422))
@scope("points:write")
def give_points(slug: str, user_id: int, json_data: AwardIn) -> Any:
    """For the course's staff; with the same `key` again it writes nothing."""
    _course, place = access.pointed(slug, user_id, me())
    if not json_data.points:
        raise InvalidInput("points", "Give at least one point, or take one.")
    key = json_data.key or secrets.token_urlsafe(12)
    entry, is_new = awards.give(place, json_data.points, json_data.reason, key=key, by=me(), now=now())
    db.session.commit()
    names = ("id", "user_id", "points", "reason")
    return {**{name: getattr(entry, name) for name in names}, "at": entry.created_at, "is_new": is_new}


@points_api.get("/points-audits")
@points_api.auth_required(auth)
@points_api.output(AuditsOut)
@points_api.doc(summary="List the last audits of points", responses=responses(403))
@scope("points:read")
def list_audits() -> Any:
    """For admins: one is made each night."""
    _require_auditor()
    return {"audits": [_audit(audit) for audit in audits.newest()]}


@points_api.post("/points-audits")
@points_api.auth_required(auth)
@points_api.input(AuditIn)
@points_api.output(AuditOut, status_code=202)
@points_api.doc(summary="Have points audited", responses=responses(403, 404, 422))
@scope("points:write")
def create_audit(json_data: AuditIn) -> Any:
    """For admins: the scheduler compares totals with the ledger, and with `mend` sets right what is wrong."""
    _require_auditor()
    course = catalogue.find(json_data.course) if json_data.course else None
    audit = audits.ask(course, mend=json_data.mend, by=me(), now=now())
    db.session.commit()
    return _audit(audit)


def _require_auditor() -> None:
    if not policy.may_audit(me()):
        raise Forbidden


def _entries(course: Course, user_id: int, query: PageQuery) -> dict[str, Any]:
    page = entries.of(course, user_id, query.page, query.per_page)
    return {
        "entries": page.rows,
        "points": entries.total(course, user_id),
        "page": page.number,
        "pages": page.pages,
        "total": page.total,
    }


def _audit(audit: PointAudit) -> dict[str, Any]:
    names = ("id", "is_to_mend", "asked_at", "ended_at", "totals", "drifts", "mended", "found")
    return {
        **{name: getattr(audit, name) for name in names},
        "course": audit.course.slug if audit.course else None,
    }
