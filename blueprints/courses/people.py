"""The people of a course: for its staff to see, for its teachers to change."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from blueprints import access
from blueprints.auth import confirmation
from blueprints.pages import login_required, me, now
from extensions import db
from services import audit, policy
from services.courses import cohorts as course_cohorts
from services.courses import members
from services.labs import bulk

people = Blueprint("people", __name__)


@people.get("/courses/<slug>/people", endpoint="show")
@login_required
def show(slug: str) -> ResponseReturnValue:
    """List who is in the course, and how far."""
    course, role = access.people(slug, me())
    page = members.people(course, request.args.get("page", 1, int))
    rows = [{"user": e.user, "enrolment": e, "points": points, "done": done} for e, points, done in page.rows]
    return render_template(
        "courses/people.html",
        course=course,
        role=role,
        people=rows,
        total=page.total,
        page=page.number,
        pages=page.pages,
        cohorts=course_cohorts.of(course),
        can_manage=policy.may_manage_people(me(), role),
    )


@people.post("/courses/<slug>/people/<int:user_id>/confirmation", endpoint="send_confirmation")
@login_required
def send_confirmation(slug: str, user_id: int) -> ResponseReturnValue:
    """Send somebody the mail that confirms their address again."""
    course = access.managed(slug, me())
    person = members.require_member(course, user_id).user
    if person.confirmed_at is not None:
        flash(_("This address has been confirmed meanwhile."), "info")
    else:
        confirmation.send_again(person)
        audit.note("account.confirmation_sent", course.id, person_id=person.id)
        db.session.commit()
        flash(_("The mail is on its way to %(address)s.", address=person.email), "success")
    return redirect(url_for("people.show", slug=slug))


@people.post("/courses/<slug>/people/<int:user_id>", endpoint="set_role")
@login_required
def set_role(slug: str, user_id: int) -> ResponseReturnValue:
    """Give somebody another role, or take them out of the course."""
    course = access.managed(slug, me())
    chosen = request.form.get("role") or None
    if chosen is None and "is_sure" not in request.form:
        leaver = members.require_member(course, user_id).user
        return render_template("courses/remove_person.html", course=course, person=leaver)
    members.set_role(course, user_id, chosen, now=now())
    if chosen is None:
        bulk.end_in_course(user_id, course, now())
    db.session.commit()
    flash(_("Saved."), "success")
    return redirect(url_for("people.show", slug=slug))
