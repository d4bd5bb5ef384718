"""The page on which a class is brought in from a list: chosen or typed, looked at line by line, then done."""

import flask_babel
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from blueprints import access, faults, limits
from blueprints.pages import login_required, me, now
from extensions import db
from models import Course
from reasons import sentence
from services.courses import roster_files, rosters
from services.courses.rosters import NEW, WRONG, Plan, Row
from services.errors import InvalidInput, Refused

roster = Blueprint("roster", __name__)
ADDRESS = "/courses/<slug>/people/import"
# Of a long list a page shows what is new or wrong first, and so many lines at most; the API gives all.
MOST_SHOWN = 300


@roster.get(ADDRESS)
@login_required
def show(slug: str) -> ResponseReturnValue:
    """Ask for a list, and show who is expected."""
    return _page(access.managed(slug, me()))


@roster.post(ADDRESS)
@login_required
def send(slug: str) -> ResponseReturnValue:
    """Show what a list does; once that was looked at, do it."""
    course = access.managed(slug, me())
    limits.spend("rosters", me().id)
    text, digest = request.form.get("list", ""), request.form.get("digest", "")
    try:
        if sent := request.files.get("file"):
            data = sent.read(roster_files.MAX_SIZE + 1)
            text = roster_files.text_of(data) if data else text
        if not digest:
            return _page(course, text, rosters.plan(course, text.encode()))
        done = rosters.apply(course, text.encode(), digest=digest, now=now())
    except InvalidInput as fault:
        return _page(course, text, fault=f"{_('The list')} {faults.words(fault)}."), 422
    except Refused as refusal:
        db.session.rollback()
        course = access.managed(slug, me())
        plan = rosters.plan(course, text.encode())
        return _page(course, text, plan, fault=sentence(refusal.reason, flask_babel)), 409
    db.session.commit()
    flash(_told(done), "success")
    return redirect(url_for("people.show", slug=slug))


def _told(done: Plan) -> str:
    came = done.count(NEW)
    told = [ngettext("%(num)s person came in.", "%(num)s people came in.", came)] if came else []
    if changed := done.count(rosters.CHANGED):
        told.append(ngettext("%(num)s place was changed.", "%(num)s places were changed.", changed))
    if expected := done.count(rosters.EXPECTED):
        told.append(ngettext("%(num)s person is expected.", "%(num)s people are expected.", expected))
    return " ".join(told) or _("Nothing has changed.")


def _page(course: Course, text: str = "", plan: Plan | None = None, fault: str = "") -> str:
    rows = sorted(plan.rows if plan else (), key=lambda row: rosters.SHOWN.index(row.does))
    return render_template(
        "courses/roster.html",
        course=course,
        text=text,
        plan=plan,
        counts={does: plan.count(does) for does in rosters.SHOWN} if plan else {},
        rows=[_shown(row) for row in rows[:MOST_SHOWN]],
        hidden=max(0, len(rows) - MOST_SHOWN),
        is_idle=plan is not None and all(row.does in (rosters.SAME, WRONG) for row in plan.rows),
        expected=[] if plan else rosters.expected(course),
        fault=fault,
    )


def _shown(row: Row) -> dict[str, object]:
    why = sentence(row.line.fault, flask_babel) if row.line.fault else ""
    return {"line": row.line, "does": row.does, "name": row.name if row.old_role else "", "why": why}
