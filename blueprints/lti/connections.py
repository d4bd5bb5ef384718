"""The page that shows a course's teachers which courses of learning platforms it is connected with."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from blueprints import access
from blueprints.pages import login_required, me
from extensions import db
from services.lti import contexts

lti_connections = Blueprint("lti_connections", __name__, url_prefix="/courses/<slug>/platforms")


@lti_connections.get("")
@login_required
def show(slug: str) -> ResponseReturnValue:
    """List the connections."""
    course = access.connected(slug, me())
    return render_template("lti/connections.html", course=course, contexts=contexts.of_course(course))


@lti_connections.post("/<int:context_id>/remove")
@login_required
def remove(slug: str, context_id: int) -> ResponseReturnValue:
    """Connect them no more."""
    contexts.disconnect(access.connected(slug, me()), context_id)
    db.session.commit()
    flash(_("They are connected no more. Who is in the course stays in it."), "success")
    return redirect(url_for("lti_connections.show", slug=slug))
