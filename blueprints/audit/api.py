"""The JSON API of the audit log."""

from typing import Any

from apiflask import APIBlueprint
from flask_babel import gettext as _

from blueprints import access
from blueprints.audit import words
from blueprints.audit.schemas import AuditLogOut, AuditQuery
from blueprints.bearer import auth, me, scope, token
from blueprints.schemas import responses
from services import audit
from services.audit import Line, Wanted
from services.errors import Forbidden

audit_api = APIBlueprint("audit_api", __name__, tag="Audit log")


@audit_api.get("/audit-log")
@audit_api.auth_required(auth)
@audit_api.input(AuditQuery, location="query")
@audit_api.output(AuditLogOut)
@audit_api.doc(summary="Read the audit log", responses=responses(403, 404, 422))
@scope("audit:read", heeds_course=True)
def list_audit_log(query_data: AuditQuery) -> Any:
    """Give what was done with a right beyond a student's, the newest first: all of it for admins, with `course` a
    course's own part, which is also for its teachers."""
    course = access.audited(query_data.course, me())
    bound_to = token().course_id
    if bound_to is not None and (course is None or course.id != bound_to):
        raise Forbidden(_("This token works in one course alone: ask for that course’s part."))
    wanted = Wanted(query_data.act, query_data.actor, query_data.person, query_data.since, query_data.until)
    page = audit.page(course, wanted, after=query_data.after, per_page=query_data.per_page)
    return {"entries": [_entry(line, is_whole=me().is_admin) for line in page.rows], "after": page.after}


def _entry(line: Line, *, is_whole: bool) -> dict[str, Any]:
    entry = line.entry
    names = ("id", "at", "act", "params", "way", "request_id")
    return {
        **{name: getattr(entry, name) for name in names},
        "text": words.words(line),
        "course": line.course,
        "person": {"id": entry.person_id, "name": line.person} if entry.person_id is not None else None,
        "actor": {"id": entry.actor_id, "name": line.actor} if entry.actor_id is not None else None,
        "token_id": entry.token_id if is_whole else None,
        "address": entry.address if is_whole else None,
    }
