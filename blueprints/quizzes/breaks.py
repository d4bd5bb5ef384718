"""Breaks: a page without questions while the clock stands still, begun and ended by the student or for them."""

from typing import Any

import flask_babel
from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from blueprints import access
from blueprints.pages import login_required, me, now
from extensions import db
from models import Attempt
from reasons import sentence
from services.errors import Refused
from services.quizzes import break_log, breaks, taking_breaks
from services.quizzes.breaks import Breaks

quiz_breaks = Blueprint("quiz_breaks", __name__)


@quiz_breaks.get("/attempts/<int:attempt_id>/break")
@login_required
def show(attempt_id: int) -> ResponseReturnValue:
    """Show the break that is on; without one, the questions."""
    attempt, is_others = access.paused_attempt(attempt_id, me())
    there = breaks.of(attempt, now())
    if is_others:
        return redirect(_staffs(attempt))
    if there.until is None:
        return redirect(url_for("quizzes.attempt", attempt_id=attempt_id))
    return render_template(
        "quizzes/break.html",
        course=attempt.quiz.course,
        quiz=attempt.quiz,
        attempt=attempt,
        breaks=there,
        now=now(),
        refresh_s=max(1, round((there.until - now()).total_seconds()) + 1),
    )


@quiz_breaks.post("/attempts/<int:attempt_id>/break")
@login_required
def begin(attempt_id: int) -> ResponseReturnValue:
    """Begin a break."""
    attempt, is_others = access.paused_attempt(attempt_id, me())
    try:
        taking_breaks.begin(attempt, by_id=me().id, now=now())
        db.session.commit()
    except Refused as refusal:
        db.session.rollback()
        attempt, is_others = access.paused_attempt(attempt_id, me())
        flash(_("No break: %(why)s.", why=sentence(refusal.reason, flask_babel)), "error")
        return redirect(_staffs(attempt) if is_others else url_for("quizzes.attempt", attempt_id=attempt_id))
    return redirect(_staffs(attempt) if is_others else url_for("quiz_breaks.show", attempt_id=attempt_id))


@quiz_breaks.post("/attempts/<int:attempt_id>/break/end")
@login_required
def end(attempt_id: int) -> ResponseReturnValue:
    """End it: the clock goes on."""
    attempt, is_others = access.paused_attempt(attempt_id, me())
    taking_breaks.end(attempt, by_id=me().id, now=now())
    db.session.commit()
    return redirect(_staffs(attempt) if is_others else url_for("quizzes.attempt", attempt_id=attempt_id))


def document(attempt: Attempt, there: Breaks) -> dict[str, Any]:
    """Give how the breaks of an attempt stand, and each that was taken."""
    return {
        "is_on": there.until is not None,
        "until": there.until,
        "budget_s": int(there.budget.total_seconds()),
        "taken_s": int(there.taken.total_seconds()),
        "deadline_at": attempt.deadline_at,
        "log": [
            {
                **{name: getattr(entry, name) for name in ("began_at", "ended_at", "begun_by_id", "ended_by_id")},
                "taken_s": int(entry.taken.total_seconds()),
                "left_s": int(entry.left.total_seconds()),
            }
            for entry in break_log.of_attempt(attempt, now())
        ],
    }


def _staffs(attempt: Attempt) -> str:
    slug, user_id = attempt.quiz.course.slug, attempt.user_id
    return url_for("accommodations.show", slug=slug, user_id=user_id)
