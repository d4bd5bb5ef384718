"""The leaderboard's page; it is told of changes by the gateway and then fetches its table again."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from blueprints import access, kept_pages, live_tickets
from blueprints.leaderboards import plots
from blueprints.leaderboards.reading import Asked, Seen, is_plain, read, told
from blueprints.pages import login_required, me, now
from blueprints.shown import time_zone
from extensions import db
from models import Course, Enrolment
from services import policy
from services.courses import cohorts, members
from services.errors import InvalidInput
from services.leaderboards import appearances, scopes
from services.leaderboards.scopes import PERIODS, Period
from services.paging import PER_PAGE

leaderboards = Blueprint("leaderboards", __name__)

LONGEST_QUERY = 100


@leaderboards.get("/courses/<slug>/leaderboard")
@login_required
def show(slug: str) -> ResponseReturnValue:
    """Show a part of the board, with the reader's own row always in sight."""
    course, role = access.study(slug, me())
    place = members.place_of(course, me()) if role == "student" else None
    return _page(course, role, place, {})


@leaderboards.post("/courses/<slug>/leaderboard/appearance")
@login_required
def choose(slug: str) -> ResponseReturnValue:
    """Change how one stands on the board."""
    course, place = access.own_place(slug, me())
    try:
        appearances.choose(place, request.form.get("board", ""), request.form.get("pseudonym", ""))
    except InvalidInput as fault:
        return _page(course, place.role, place, {fault.field: fault.message}), 422
    db.session.commit()
    flash(_("Saved."), "success")
    return redirect(url_for("leaderboards.show", slug=slug))


def _page(course: Course, role: str | None, place: Enrolment | None, faults: dict[str, str]) -> str:
    asked = _asked()
    seen = read(course, role, me(), asked)
    if role == "student" and not faults and is_plain(asked, seen):
        kept_pages.keep(me(), course, has_people=True, until=scopes.freezes(course), slot=_slot(course, asked))
    is_partial = "partial" in request.args
    # The first ten stand on the first page alone.
    has_plot = bool(seen.board.total) and not (asked.after or asked.before or asked.page > 1)
    return render_template(
        "leaderboards/_board.html" if is_partial else "leaderboards/show.html",
        course=course,
        role=role,
        seen=seen,
        asked=asked,
        rows=told(seen, seen.board.rows),
        me=told(seen, [seen.board.me])[0] if seen.board.me else None,
        around=told(seen, seen.board.around),
        found=told(seen, seen.found) if seen.found is not None else None,
        total=seen.board.total,
        cohorts=cohorts.of(course),
        can_manage=policy.may_manage_people(me(), role),
        place=place,
        faults=faults,
        has_plot=has_plot,
        kept=_kept(asked),
        as_of_text=_local(asked.as_of),
        live_url=_live_url(course, seen),
    )


@leaderboards.get("/courses/<slug>/leaderboard/plot")
@login_required
def plot(slug: str) -> ResponseReturnValue:
    """Draw the points of the first ten, and one's own, over time: the part of the page that its script fetches."""
    course, role = access.study(slug, me())
    seen = read(course, role, me(), replace(_asked(), page=1, after=None, before=None, q=""))
    drawn = plots.draw(seen.scope, seen.board.rows, seen.board.me, now())
    is_part = "partial" in request.args
    return render_template(
        "leaderboards/_plot.html" if is_part else "leaderboards/plot.html", course=course, plot=drawn
    )


def _slot(course: Course, asked: Asked) -> dict[str, Any]:
    """Return what the board's lane has to know to draw the table (blueprints/leaderboards/kept.py)."""
    about = {"slug": course.slug, "title": course.title, "language": str(get_locale()), "root": request.script_root}
    return {"name": "board", "course_id": course.id, "per_page": asked.per_page, **about}


def _live_url(course: Course, seen: Seen) -> str:
    """Return where changes are told; nothing changes on a board of the past."""
    if seen.scope.until is not None and not seen.is_frozen:
        return ""
    return f"/live/leaderboards/{course.id}?ticket={live_tickets.issuer().live('board', course.id)}"


def _asked() -> Asked:
    args = request.args
    period: Period = next((each for each in PERIODS if each == args.get("period")), "all")
    return Asked(
        period=period,
        cohort=args.get("cohort", None, int) or None,
        as_of=_moment(args.get("as_of", "")),
        page=max(1, min(args.get("page", 1, int), 100_000)),
        per_page=PER_PAGE,
        after=args.get("after") or None,
        before=args.get("before") or None,
        q=args.get("q", "").replace("\x00", "").strip()[:LONGEST_QUERY],
    )


def _moment(text: str) -> datetime | None:
    """Read a moment: with its offset, or as the reader's clock shows it."""
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
        return max(scopes.EPOCH, at if at.tzinfo else at.replace(tzinfo=ZoneInfo(time_zone())))
    except (ValueError, OverflowError):
        raise InvalidInput("as_of", _("That is no moment. Write it as 2026-03-02T14:30.")) from None


def _local(at: datetime | None) -> str:
    """Write a moment for its field, in the reader's time zone."""
    return at.astimezone(ZoneInfo(time_zone())).strftime("%Y-%m-%dT%H:%M") if at else ""


def _kept(asked: Asked) -> dict[str, Any]:
    """Give what links on the page keep of what was asked."""
    kept = {
        "period": asked.period if asked.period != "all" else None,
        "cohort": asked.cohort,
        "as_of": request.args.get("as_of") or None,
    }
    return {name: value for name, value in kept.items() if value is not None}
