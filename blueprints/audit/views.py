"""The pages of the audit log: the site's for admins, a course's for its teachers."""

from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints import access
from blueprints.audit.words import WAYS, words
from blueprints.pages import login_required, me
from services import audit
from services.audit import ACTS, Wanted

audit_log = Blueprint("audit_log", __name__)


@audit_log.get("/audit-log")
@login_required
def site() -> ResponseReturnValue:
    """What was done on the whole site."""
    return _page(None)


@audit_log.get("/courses/<slug>/audit-log")
@login_required
def course(slug: str) -> ResponseReturnValue:
    """What was done in a course."""
    return _page(slug)


def _page(slug: str | None) -> str:
    found = access.audited(slug, me())
    act = request.args.get("act", "")
    wanted = Wanted(
        act if act in ACTS else "", request.args.get("actor", None, int), request.args.get("person", None, int)
    )
    page = audit.page(found, wanted, after=request.args.get("after", None, int))

    def to(**query: Any) -> str:
        """Return the address of this log, filtered otherwise."""
        return url_for("audit_log.site", **query) if slug is None else url_for("audit_log.course", slug=slug, **query)

    return render_template(
        "audit/show.html",
        course=found,
        lines=page.rows,
        after=page.after,
        wanted=wanted,
        acts=sorted(ACTS),
        words=words,
        ways=WAYS,
        is_whole=me().is_admin,
        to=to,
        narrowed={name: value for name, value in request.args.items() if name in ("act", "actor", "person")},
    )
