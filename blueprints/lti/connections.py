"""The page that shows a course's teachers which courses of learning platforms it is connected with."""

import flask_babel
from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from blueprints import access
from blueprints.pages import login_required, me, now
from extensions import db
from models import LtiContext
from reasons import sentence
from services import audit
from services.lti import contexts, line_items, rosters

lti_connections = Blueprint("lti_connections", __name__, url_prefix="/courses/<slug>/platforms")


@lti_connections.get("")
@login_required
def show(slug: str) -> ResponseReturnValue:
    """List the connections."""
    course = access.connected(slug, me())
    columns = [
        {**column, "fault": sentence(column["item"].reason, flask_babel) if column["item"].reason else ""}
        for column in line_items.of_course(course)
    ]
    connected = contexts.of_course(course)
    return render_template(
        "lti/connections.html",
        course=course,
        contexts=[_shown(each) for each in connected],
        counts=rosters.counts([each.id for each in connected]),
        columns=columns,
    )


@lti_connections.post("/<int:context_id>/remove")
@login_required
def remove(slug: str, context_id: int) -> ResponseReturnValue:
    """Connect them no more."""
    contexts.disconnect(access.connected(slug, me()), context_id)
    db.session.commit()
    flash(_("They are connected no more. Who is in the course stays in it."), "success")
    return redirect(url_for("lti_connections.show", slug=slug))


@lti_connections.post("/scores")
@login_required
def send_scores(slug: str) -> ResponseReturnValue:
    """Send all scores to the platforms again."""
    many = line_items.send_again(access.connected(slug, me()))
    db.session.commit()
    flash(ngettext("%(num)s score is on its way.", "%(num)s scores are on their way.", many), "success")
    return redirect(url_for("lti_connections.show", slug=slug))


@lti_connections.post("/<int:context_id>/roster")
@login_required
def read_roster(slug: str, context_id: int) -> ResponseReturnValue:
    """Have the list of a platform's course read."""
    course = access.connected(slug, me())
    rosters.ask(contexts.load(course, context_id), now=now())
    audit.note("platform.roster_asked", course.id, connection=context_id)
    db.session.commit()
    flash(_("The list is being read. Reload this page in a moment."), "success")
    return redirect(url_for("lti_connections.show", slug=slug))


def _shown(context: LtiContext) -> dict[str, object]:
    reason = context.roster_reason
    return {"context": context, "why": sentence(reason, flask_babel) if reason else ""}
