"""Pages of regrades: what was regraded in a quiz, a form for the next one, and one with its preview or effect."""

from typing import Any

import flask_babel
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from blueprints import access
from blueprints import faults as words
from blueprints.pages import login_required, me, now
from blueprints.quizzes import form_fields
from extensions import db
from models import Course, Quiz, Regrade
from models.regrade import ACCEPT, APPLIED, DRAFT, DROP, KEY, POINTS
from reasons import sentence
from services import policy
from services.courses import members
from services.errors import InvalidInput, Refused
from services.quizzes import reruns
from services.regrades import applying, asking, history
from services.regrades.asking import Asked

regrades = Blueprint("regrades", __name__)
QUIZ = "/courses/<slug>/quizzes/<quiz>/regrades"
ONE = "/regrades/<int:regrade_id>"
PER_PAGE = 50
# How often a page looks again whose tests run.
REFRESH_S = 5
FIELDS = ("kind", "version", "may_lower", "attempt_id", "points", "how", "reason")
# What the form has chosen when it opens.
NEW = dict.fromkeys(FIELDS, "") | {"may_lower": "yes"}


@regrades.get(QUIZ)
@login_required
def index(slug: str, quiz: str) -> ResponseReturnValue:
    """List what was regraded, and the questions that can be."""
    course, chosen_quiz = access.graded_quiz(slug, quiz, me())
    may_decide = policy.may_regrade(me(), members.role_of(me().id, course))
    return render_template(
        "regrades/index.html",
        course=course,
        quiz=chosen_quiz,
        page=history.page(chosen_quiz, request.args.get("page", 1, int), PER_PAGE),
        asked=history.askable(chosen_quiz) if may_decide else [],
        may_decide=may_decide,
    )


@regrades.get(f"{QUIZ}/new")
@login_required
def new(slug: str, quiz: str) -> ResponseReturnValue:
    """Show what can be changed of a question (?question=ID)."""
    course, chosen_quiz = access.regraded_quiz(slug, quiz, me())
    return _form(course, chosen_quiz, dict(NEW), {})


@regrades.post(f"{QUIZ}/new")
@login_required
def preview(slug: str, quiz: str) -> ResponseReturnValue:
    """Keep what is asked as a draft, and show what it does. What was typed stays where that isn't possible."""
    course, chosen_quiz = access.regraded_quiz(slug, quiz, me())
    typed = {name: request.form.get(name, "") for name in FIELDS}
    faults: dict[str, str] = {}
    asked = _asked(typed, faults)
    if not faults:
        try:
            made = asking.draft(chosen_quiz, _question(), asked, typed["reason"], by_id=me().id, now=now())
        except InvalidInput as fault:
            db.session.rollback()
            course, chosen_quiz = access.regraded_quiz(slug, quiz, me())
            faults[fault.field] = words.line(fault)
        else:
            db.session.commit()
            return redirect(url_for("regrades.show", regrade_id=made.id))
    return _form(course, chosen_quiz, typed, faults), 422


@regrades.get(ONE)
@login_required
def show(regrade_id: int) -> ResponseReturnValue:
    """Show who changes and by how much: of a draft as it would be now."""
    found, may_decide = access.regrade(regrade_id, me())
    return _page(found, may_decide)


@regrades.post(f"{ONE}/apply")
@login_required
def apply(regrade_id: int) -> ResponseReturnValue:
    """Apply a draft as its page showed it; where something came between, show what it does now."""
    found, _may_decide = access.regrade(regrade_id, me(), is_to_decide=True)
    try:
        done = applying.apply(found, digest=request.form.get("digest", ""), by_id=me().id, now=now())
    except Refused as refusal:
        db.session.rollback()
        return _page(history.find(regrade_id), True, refused=sentence(refusal.reason, flask_babel)), 409
    count = len(done.plan.changed)
    db.session.commit()
    told = ngettext("%(num)s attempt has another score now.", "%(num)s attempts have another score now.", count)
    flash(_("Applied.") + " " + told, "success")
    return redirect(url_for("regrades.show", regrade_id=regrade_id))


@regrades.post(f"{ONE}/tests")
@login_required
def retry_tests(regrade_id: int) -> ResponseReturnValue:
    """Run the tests again that could not be run."""
    found, _may_decide = access.regrade(regrade_id, me(), is_to_decide=True)
    try:
        count = reruns.retry(found, now=now())
    except Refused as refusal:
        db.session.rollback()
        return _page(history.find(regrade_id), True, refused=sentence(refusal.reason, flask_babel)), 409
    db.session.commit()
    if count:
        told = ngettext("The tests of %(num)s answer run again.", "The tests of %(num)s answers run again.", count)
        flash(told, "success")
    else:
        flash(_("There are no tests that could not be run."), "info")
    return redirect(url_for("regrades.show", regrade_id=regrade_id))


@regrades.get(f"{ONE}/undo")
@login_required
def preview_undo(regrade_id: int) -> ResponseReturnValue:
    """Show who changes back and by how much, as it would be now; where the regrade doesn't hold, what became of it."""
    found, _may_decide = access.regrade(regrade_id, me(), is_to_decide=True)
    if found.state != APPLIED:
        return redirect(url_for("regrades.show", regrade_id=regrade_id))
    return _page(found, True, is_undo=True)


@regrades.post(f"{ONE}/undo")
@login_required
def undo(regrade_id: int) -> ResponseReturnValue:
    """Take a regrade back, as the preview showed it if it came from one."""
    found, _may_decide = access.regrade(regrade_id, me(), is_to_decide=True)
    said = {name: request.form.get(name, "") for name in ("reason", "digest")}
    try:
        applying.undo(found, reason=said["reason"], digest=said["digest"] or None, by_id=me().id, now=now())
    except Refused as refusal:
        db.session.rollback()
        found, refused = history.find(regrade_id), sentence(refusal.reason, flask_babel)
        is_undo = found.state == APPLIED
        return _page(found, True, refused=refused, is_undo=is_undo, typed=said["reason"]), 409
    except InvalidInput as fault:
        db.session.rollback()
        found = history.find(regrade_id)
        is_undo = found.state == APPLIED
        return _page(found, True, refused=words.line(fault), is_undo=is_undo, typed=said["reason"]), 422
    db.session.commit()
    flash(_("Taken back. The students are told."), "success")
    return redirect(url_for("regrades.show", regrade_id=regrade_id))


def _question() -> int:
    number = request.values.get("question", 0, int)
    return number if 0 < number < 2**63 else 0


def _asked(typed: dict[str, str], faults: dict[str, str]) -> Asked:
    kind = typed["kind"]
    points = form_fields.marks(typed["points"], "points", faults) if kind == POINTS else None
    return Asked(
        kind,
        version=form_fields.whole(typed["version"], "version", faults) if kind == KEY else None,
        may_lower=typed["may_lower"] == "yes",
        attempt_id=form_fields.whole(typed["attempt_id"], "attempt_id", faults) if kind == ACCEPT else None,
        points=float(points) if points is not None else None,
        how=typed["how"] if kind == DROP else None,
    )


def _form(course: Course, quiz: Quiz, typed: dict[str, str], faults: dict[str, str]) -> str:
    question, version = asking.find(quiz, _question())
    versions = history.newer_versions(quiz, question)
    if not typed["kind"] and str(request.args.get("version", "")) in {str(each.number) for each in versions}:
        typed |= {"kind": KEY, "version": request.args["version"]}
    return render_template(
        "regrades/new.html",
        course=course,
        quiz=quiz,
        question=question,
        version=version,
        versions=versions,
        given=history.given(quiz, question.id),
        typed=typed,
        faults=faults,
        max_reason=asking.MAX_REASON,
    )


def _why_failed(regrade: Regrade) -> list[str]:
    return [sentence(reason, flask_babel) for reason in reruns.why_failed(regrade)]


def _page(regrade: Regrade, may_decide: bool, *, refused: str = "", is_undo: bool = False, typed: str = "") -> str:
    number = max(1, min(request.args.get("page", 1, int), 100_000))
    tests = None if is_undo else history.tests(regrade)
    page, plan = history.shown(regrade, number, PER_PAGE, is_undo=is_undo)
    facts: dict[str, Any] = {"effect": plan.effect if plan else regrade.effect, "digest": plan.digest if plan else ""}
    return render_template(
        "regrades/show.html",
        course=regrade.quiz.course,
        quiz=regrade.quiz,
        regrade=regrade,
        page=page,
        is_draft=regrade.state == DRAFT,
        is_undo=is_undo,
        tests=tests,
        why_failed=_why_failed(regrade) if tests and tests.failed else [],
        refresh_s=REFRESH_S,
        typed=typed,
        may_decide=may_decide,
        refused=refused,
        max_reason=asking.MAX_REASON,
        **facts,
    )
