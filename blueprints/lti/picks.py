"""The page on which a teacher picks what a link leads to. It may be shown in the platform's frame, and has no session.

Who picks is known by the launch, which a ticket in the address stands for, and by the cookie of the launch.
"""

from flask import Blueprint, current_app, g, render_template, request
from flask.typing import ResponseReturnValue

from blueprints.lti.arrivals import browser, let_frame, origins_of, outbound, settings, store
from blueprints.pages import from_elsewhere, now
from extensions import db
from models import LtiPlatform, User
from reasons import Code
from services.courses.outlines import outline
from services.lti import launches, picking, platforms, tickets
from services.lti.launches import Launch
from services.lti.refusals import LtiRefused

picks = Blueprint("lti_picks", __name__, url_prefix="/lti/pick")


@picks.get("/<ticket>")
def show(ticket: str) -> ResponseReturnValue:
    """Show what there is to be picked, of one course at a time."""
    launch, platform, user = _picking(ticket)
    courses = picking.courses_for(launch, user)
    wanted = request.args.get("course", "")
    course = next((each for each in courses if each.slug == wanted), courses[0] if courses else None)
    sections = outline(course).sections if course else ()
    return render_template(
        "lti/pick.html",
        ticket=ticket,
        launch=launch,
        platform=platform,
        courses=courses,
        picked=course,
        sections=sections,
        is_bare=True,
    )


@picks.post("/<ticket>")
@from_elsewhere
def pick(ticket: str) -> ResponseReturnValue:
    """Send what was picked back to the platform, by the browser."""
    launch, platform, user = _picking(ticket)
    # There is no session here: the log of what teachers do has to know of them.
    current_app.login_manager._update_request_context_with_user(user)  # type: ignore[attr-defined]  # Flask-Login's
    slug, activity = request.form.get("course", ""), request.form.get("activity", "")
    answer = picking.pick(launch, platform, user, slug, activity, public_url=settings().public_url, now=now())
    if tickets.take(store(), "pick", ticket) is None:
        raise LtiRefused(Code.LTI_TICKET)
    db.session.commit()
    g.form_action = " ".join(dict.fromkeys([picking.origin_of(launch), *origins_of(platform)]))
    current_app.login_manager._update_request_context_with_user()  # type: ignore[attr-defined]  # it is nobody's page
    return render_template("lti/picked.html", launch=launch, platform=platform, answer=answer, is_bare=True)


def _picking(ticket: str) -> tuple[Launch, LtiPlatform, User]:
    kept = tickets.look(store(), "pick", ticket)
    if kept is None:
        raise LtiRefused(Code.LTI_TICKET)
    if not browser() or kept["browser"] != launches.digest(browser()):
        raise LtiRefused(Code.LTI_BROWSER)
    launch = launches.of(kept["launch"])
    platform = platforms.load(launch.platform_id)
    let_frame(platform)
    user = db.session.get(User, kept["user"])
    if not platform.is_active or user is None or not user.may_sign_in:
        raise LtiRefused(Code.LTI_TICKET)
    if not picking.is_way_back(launch, outbound()):
        raise LtiRefused(Code.LTI_CLAIM, claim="deep_link_return_url")
    return launch, platform, user
