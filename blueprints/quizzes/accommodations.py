"""The page of one student's accommodations: more time and attempts in all quizzes of a course, and at single ones."""

from typing import Any

import flask_babel
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from pydantic import ValidationError

from blueprints import access, shown
from blueprints import faults as words
from blueprints.pages import login_required, me, now
from blueprints.quizzes import form_fields
from blueprints.quizzes.schemas_accommodations import AccommodationIn, OverrideIn
from extensions import db
from models import Course, Enrolment, Quiz
from reasons import text
from services.courses.outlines import activity
from services.errors import InvalidInput
from services.quizzes import accommodations as granted
from services.quizzes import breaks, cohort_terms, lists, unreadable
from services.quizzes.terms import Granted

accommodations = Blueprint("accommodations", __name__)
# What is said of where it comes from: the student, the cohort, or the quiz.
SHOWN = ("opens_at", "due_at", "closes_at", "extra_minutes", "extra_attempts")
PEOPLE = "/courses/<slug>/people/<int:user_id>/accommodations"


@accommodations.get(PEOPLE)
@login_required
def show(slug: str, user_id: int) -> ResponseReturnValue:
    """Show what a student gets."""
    course, enrolment = access.accommodated(slug, user_id, me())
    return _page(course, enrolment)


@accommodations.post(PEOPLE)
@login_required
def change(slug: str, user_id: int) -> ResponseReturnValue:
    """Change what they get in all quizzes."""
    course, enrolment = access.accommodated(slug, user_id, me())
    faults: dict[str, str] = {}
    typed = {name: request.form.get(name, "") for name in granted.PROFILE}
    given = {name: form_fields.whole(text, name, faults) for name, text in typed.items()}
    checked = _checked(AccommodationIn, given, faults)
    if faults:
        return _page(course, enrolment, typed=typed, faults=faults), 422
    granted.set_profile(course, user_id, {**granted.PROFILE, **checked}, now=now())
    db.session.commit()
    flash(_("Saved."), "success")
    return redirect(url_for("accommodations.show", slug=slug, user_id=user_id))


@accommodations.post(f"{PEOPLE}/<quiz>")
@login_required
def override(slug: str, user_id: int, quiz: str) -> ResponseReturnValue:
    """Change what they get at one quiz."""
    course, enrolment = access.accommodated(slug, user_id, me())
    chosen_quiz = activity(course, quiz, Quiz)
    faults: dict[str, str] = {}
    typed, given = read_override(faults)
    try:
        if not faults:
            granted.set_override(chosen_quiz, user_id, given, now=now())
    except InvalidInput as fault:
        faults[fault.field] = words.line(fault)
    if faults:
        db.session.rollback()
        course, enrolment = access.accommodated(slug, user_id, me())
        return _page(course, enrolment, at=quiz, typed=typed, faults=faults), 422
    db.session.commit()
    flash(_("Saved."), "success")
    return redirect(url_for("accommodations.show", slug=slug, user_id=user_id))


def read_override(faults: dict[str, str]) -> tuple[dict[str, str], dict[str, Any]]:
    """Return what was typed of an override, and what it says; what can't be used is noted."""
    typed = {name: request.form.get(name, "") for name in granted.OVERRIDE}
    given: dict[str, Any] = {}
    for name, said in typed.items():
        read = form_fields.moment if name in granted.OWN_TIMES else form_fields.whole
        given[name] = read(said, name, faults)
    times = {name: given[name] for name in granted.OWN_TIMES}
    checked = _checked(OverrideIn, {name: given[name] for name in given if name not in times}, faults)
    return typed, {**granted.OVERRIDE, **checked, **times}


def held(row: Any) -> dict[str, str]:
    """Return what an override says, as its fields hold it."""
    said = {name: form_fields.local(getattr(row, name)) if row else "" for name in granted.OWN_TIMES}
    return said | {name: str(getattr(row, name) or "") if row else "" for name in ("extra_minutes", "extra_attempts")}


def _checked(shape: Any, given: dict[str, Any], faults: dict[str, str]) -> dict[str, Any]:
    """Return what was given and is within its bounds; what isn't is noted."""
    said = {name: value for name, value in given.items() if value is not None}
    try:
        shape.model_validate(said)
    except ValidationError as error:
        for fault in error.errors(include_url=False):
            faults.setdefault(str(fault["loc"][0]), text(unreadable.reason_of(fault), flask_babel))
    return said


def _page(
    course: Course,
    enrolment: Enrolment,
    *,
    at: str = "",
    typed: dict[str, str] | None = None,
    faults: dict[str, str] | None = None,
) -> str:
    """Render it; `typed` is what was sent and can't be saved, of the quiz `at` or of the profile."""
    profile = {name: str(value) for name, value in granted.profile_of(course, enrolment.user_id).items()}
    overrides = granted.overrides_of(course, enrolment.user_id)
    of_cohort = cohort_terms.of_cohort(enrolment.cohort_id)
    rows = []
    for quiz in lists.quizzes_of(course):
        own = overrides.get(quiz.id)
        is_wrong = quiz.slug == at
        whole = Granted(override=own, cohort=of_cohort.get(quiz.id))
        rows.append(
            {
                "quiz": quiz,
                "typed": typed if is_wrong else held(own),
                "faults": faults if is_wrong else {},
                "own": own,
                "cohort": whole.cohort,
                "holds": [(name, whole.own(name) or getattr(quiz, name, None), whole.source(name)) for name in SHOWN],
            }
        )
    return render_template(
        "quizzes/accommodations.html",
        course=course,
        person=enrolment.user,
        profile=typed if typed and not at else profile,
        faults=faults if faults and not at else {},
        rows=rows,
        open_attempts=[(each, breaks.of(each, now())) for each in granted.open_attempts(course, enrolment.user_id)],
        zone=shown.time_zone(),
    )
