"""What a course's teachers decide about its board: when it is frozen, which cohorts there are, and who is in them."""

from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from blueprints import access
from blueprints.pages import login_required, me, now
from blueprints.shown import time_zone
from extensions import db
from models import Course
from services.courses import cohorts
from services.errors import InvalidInput
from services.leaderboards import freezes
from services.quizzes import cohort_terms

board_settings = Blueprint("board_settings", __name__)
# What the form calls the fields of a freeze.
_FIELDS = {"begin": "from", "end": "until"}


@board_settings.get("/courses/<slug>/leaderboard/settings", endpoint="show")
@login_required
def show(slug: str) -> ResponseReturnValue:
    """Show what is decided."""
    return _page(access.managed(slug, me()), {})


@board_settings.post("/courses/<slug>/leaderboard/freeze", endpoint="freeze")
@login_required
def freeze(slug: str) -> ResponseReturnValue:
    """Freeze the board for a time, or with two empty fields no more."""
    course = access.managed(slug, me())
    try:
        freezes.freeze(course, _moment("from"), _moment("until"))
    except InvalidInput as fault:
        db.session.rollback()
        return _page(access.managed(slug, me()), {_FIELDS.get(fault.field, fault.field): fault.message}), 422
    db.session.commit()
    flash(_("Saved."), "success")
    return redirect(url_for("board_settings.show", slug=slug))


@board_settings.post("/courses/<slug>/cohorts", endpoint="add_cohort")
@login_required
def add_cohort(slug: str) -> ResponseReturnValue:
    """Add a cohort."""
    course = access.managed(slug, me())
    try:
        cohorts.add(course, request.form.get("name", ""))
    except InvalidInput as fault:
        return _page(course, {fault.field: fault.message}), 422
    db.session.commit()
    flash(_("Saved."), "success")
    return redirect(url_for("board_settings.show", slug=slug))


@board_settings.post("/courses/<slug>/cohorts/<int:cohort_id>/remove", endpoint="remove_cohort")
@login_required
def remove_cohort(slug: str, cohort_id: int) -> ResponseReturnValue:
    """Remove a cohort; its people stay in the course."""
    cohort_terms.remove(cohorts.load(access.managed(slug, me()), cohort_id), now=now())
    db.session.commit()
    flash(_("Saved."), "success")
    return redirect(url_for("board_settings.show", slug=slug))


@board_settings.post("/courses/<slug>/people/<int:user_id>/cohort", endpoint="put_in_cohort")
@login_required
def put_in_cohort(slug: str, user_id: int) -> ResponseReturnValue:
    """Put somebody into a cohort, or out of theirs."""
    course, place = access.managed_place(slug, user_id, me())
    chosen = request.form.get("cohort", 0, int)
    cohort_terms.put(place, cohorts.load(course, chosen) if chosen else None, now=now())
    db.session.commit()
    flash(_("Saved."), "success")
    return redirect(url_for("people.show", slug=slug))


def _page(course: Course, faults: dict[str, str]) -> str:
    zone = ZoneInfo(time_zone())
    times = {"from": course.board_frozen_from, "until": course.board_frozen_until}
    shown = {name: at.astimezone(zone).strftime("%Y-%m-%dT%H:%M") if at else "" for name, at in times.items()}
    return render_template(
        "leaderboards/settings.html",
        course=course,
        cohorts=cohorts.of(course),
        sizes=cohorts.sizes(course),
        times={name: request.form.get(name, value) for name, value in shown.items()},
        name=request.form.get("name", ""),
        zone=time_zone(),
        faults=faults,
    )


def _moment(field: str) -> datetime | None:
    text = request.form.get(field, "").strip()
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(field, _("That is no moment. Write it as 2026-03-02T14:30.")) from None
    return at if at.tzinfo else at.replace(tzinfo=ZoneInfo(time_zone()))
