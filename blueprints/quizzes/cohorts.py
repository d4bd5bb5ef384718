"""The page of what holds for cohorts at one quiz: times of their own, minutes and attempts on top."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from blueprints import access, shown
from blueprints import faults as words
from blueprints.pages import login_required, me, now
from blueprints.quizzes.accommodations import held, read_override
from extensions import db
from models import Course, Quiz
from services.courses import cohorts
from services.errors import InvalidInput
from services.quizzes import cohort_terms

quiz_cohorts = Blueprint("quiz_cohorts", __name__)
COHORTS = "/courses/<slug>/quizzes/<quiz>/cohorts"


@quiz_cohorts.get(COHORTS)
@login_required
def show(slug: str, quiz: str) -> ResponseReturnValue:
    """Show what each cohort has."""
    course, chosen_quiz = access.accommodated_quiz(slug, quiz, me())
    return _page(course, chosen_quiz, 0, {}, {})


@quiz_cohorts.post(f"{COHORTS}/<int:cohort_id>")
@login_required
def change(slug: str, quiz: str, cohort_id: int) -> ResponseReturnValue:
    """Change what one cohort has."""
    chosen_quiz, cohort = access.accommodated_cohort(slug, quiz, cohort_id, me())
    faults: dict[str, str] = {}
    typed, given = read_override(faults)
    try:
        if not faults:
            cohort_terms.set_override(chosen_quiz, cohort, given, now=now())
    except InvalidInput as fault:
        faults[fault.field] = words.line(fault)
    if faults:
        db.session.rollback()
        course, chosen_quiz = access.accommodated_quiz(slug, quiz, me())
        return _page(course, chosen_quiz, cohort_id, typed, faults), 422
    db.session.commit()
    flash(_("Saved."), "success")
    return redirect(url_for("quiz_cohorts.show", slug=slug, quiz=quiz))


def _page(course: Course, quiz: Quiz, at: int, typed: dict[str, str], faults: dict[str, str]) -> str:
    overrides, sizes = cohort_terms.of_quiz(quiz), cohorts.sizes(course)
    rows = [
        {
            "cohort": cohort,
            "size": sizes.get(cohort.id, 0),
            "own": overrides.get(cohort.id),
            "typed": typed if cohort.id == at else held(overrides.get(cohort.id)),
            "faults": faults if cohort.id == at else {},
        }
        for cohort in cohorts.of(course)
    ]
    return render_template("quizzes/cohorts.html", course=course, quiz=quiz, rows=rows, zone=shown.time_zone())
