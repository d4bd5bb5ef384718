"""Who comes from a platform: known by the platform's word for them, or asked once who they are here."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_security import login_user
from werkzeug.wrappers import Response

from blueprints import access, shown
from blueprints.auth import second
from blueprints.lti.arrivals import TICKET_S, browser, store
from blueprints.pages import activity_url, login_required, me, now, person
from extensions import db
from models import LtiPlatform, User
from reasons import Code
from services.accounts import outside_identities
from services.lti import contexts, launches, newcomers, platforms, tickets
from services.lti.launches import Launch
from services.lti.refusals import LtiRefused

entering = Blueprint("launches", __name__, url_prefix="/launches")


@entering.get("/<ticket>")
def show(ticket: str) -> ResponseReturnValue:
    """Go on as who this is here; ask where nobody here is known by this identity."""
    launch, platform = _arrived(ticket)
    owner = outside_identities.find(platform.authority, launch.subject, now=now())
    if owner is None:
        return render_template("lti/who.html", ticket=ticket, launch=launch, platform=platform)
    if not owner.may_sign_in:
        raise LtiRefused(Code.LTI_ACCOUNT_OFF)
    if person() is not owner and (asked := _asked_more(owner, ticket)) is not None:
        return asked
    _take(ticket)
    return _go_on(launch, _signed_in(owner))


@entering.post("/<ticket>/account")
def make_account(ticket: str) -> ResponseReturnValue:
    """Make an account for who has none here."""
    launch, platform = _arrived(ticket)
    _take(ticket)
    if outside_identities.find(platform.authority, launch.subject) is not None:
        raise LtiRefused(Code.LTI_TICKET)
    made = newcomers.make(launch, platform, language=shown.locale(), now=now())
    return _go_on(launch, _signed_in(made))


@entering.post("/<ticket>/link")
@login_required
def link(ticket: str) -> ResponseReturnValue:
    """Let who is signed in come by this identity from now on: both are shown to be theirs."""
    launch, platform = _arrived(ticket)
    _take(ticket)
    outside_identities.link(me(), platform.authority, launch.subject, now=now())
    flash(_("From now on you come from %(platform)s to this account.", platform=platform.name), "success")
    return _go_on(launch, me())


@entering.get("/<ticket>/course")
@login_required
def choose(ticket: str) -> ResponseReturnValue:
    """Ask a teacher which of their courses a course of the platform belongs to."""
    launch, platform = _of_teacher(tickets.look(store(), "teacher", ticket))
    courses = contexts.taught_by(me())
    return render_template("lti/connect.html", ticket=ticket, launch=launch, platform=platform, courses=courses)


@entering.post("/<ticket>/course")
@login_required
def connect(ticket: str) -> ResponseReturnValue:
    """Connect the two courses, and go on."""
    launch, _platform = _of_teacher(tickets.look(store(), "teacher", ticket))
    course = access.connected(request.form.get("course", ""), me())
    tickets.take(store(), "teacher", ticket)
    contexts.connect(launch, course, me(), now=now())
    db.session.commit()
    flash(_("The two courses are connected: who comes from there gets in here."), "success")
    return _go_on(launch, me())


def _arrived(ticket: str) -> tuple[Launch, LtiPlatform]:
    """Return what has arrived in this very browser; raise LtiRefused."""
    kept = tickets.look(store(), "arrived", ticket)
    if kept is None:
        raise LtiRefused(Code.LTI_TICKET)
    if not browser() or kept["browser"] != launches.digest(browser()):
        raise LtiRefused(Code.LTI_BROWSER)
    return _with_platform(kept)


def _of_teacher(kept: dict[str, object] | None) -> tuple[Launch, LtiPlatform]:
    if kept is None or kept["user"] != me().id:
        raise LtiRefused(Code.LTI_TICKET)
    return _with_platform(kept)


def _with_platform(kept: dict[str, object]) -> tuple[Launch, LtiPlatform]:
    document = kept["launch"]
    assert isinstance(document, dict), "as it was kept"
    launch = launches.of(document)
    platform = platforms.load(launch.platform_id)
    if not platform.is_active:
        raise LtiRefused(Code.LTI_PLATFORM_UNKNOWN)
    return launch, platform


def _asked_more(owner: User, ticket: str) -> ResponseReturnValue | None:
    """Lead to what the account asks for beyond a platform's word; None where that is enough to sign in."""
    here = url_for("launches.show", ticket=ticket)
    if owner.is_admin:
        # A platform's word opens what a course holds, not the whole site.
        flash(_("You run this site: sign in yourself, then you go on."), "info")
        return redirect(url_for("security.login", next=here))
    if owner.second_factor_at is not None:
        return second.begin(owner, remember=False, via="lti", onward=here)
    return None


def _take(ticket: str) -> None:
    """Take what has arrived, which happens once: of two that ask, the second is told."""
    if tickets.take(store(), "arrived", ticket) is None:
        raise LtiRefused(Code.LTI_TICKET)


def _signed_in(owner: User) -> User:
    if person() is not owner:
        login_user(owner, authn_via=["lti"])
    return owner


def _go_on(launch: Launch, user: User) -> Response:
    """Lead somebody to what their link means; a teacher first says which course it is, where nobody has."""
    db.session.commit()
    if launch.is_pick:
        kept = {"launch": launch.document(), "browser": launches.digest(browser()), "user": user.id}
        return redirect(url_for("lti_picks.show", ticket=tickets.put(store(), "pick", kept, TICKET_S)), 303)
    context = contexts.of_launch(launch)
    if context is None:
        if not launch.teaches:
            raise LtiRefused(Code.LTI_UNCONNECTED)
        ticket = tickets.put(store(), "teacher", {"launch": launch.document(), "user": user.id}, TICKET_S)
        return redirect(url_for("launches.choose", ticket=ticket), 303)
    activity = contexts.enter(launch, context, user, now=now())
    course = context.course
    db.session.commit()
    if activity is not None:
        return redirect(activity_url(course, activity), 303)
    if launch.activity:
        flash(_("What this link led to isn’t in the course any more."), "info")
    return redirect(url_for("courses.show", slug=course.slug), 303)
