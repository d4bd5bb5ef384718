"""Pages of what the model drafts for one person: comments for graders, hints for students, and a student's consent.

Whoever asks sees before and afterwards, word for word, what is sent.
"""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from blueprints import access
from blueprints.generations import documents, means
from blueprints.limits import each_person
from blueprints.pages import login_required, me, now
from extensions import db
from models import AttemptItem, CheckRun, Course, Generation, Lab
from models.generation import COMMENT, OPEN_GENERATIONS
from services import policy
from services.courses.outlines import activity
from services.errors import LimitReached, Refused
from services.generations import aids

model_aids = Blueprint("model_aids", __name__)
COURSE = "/courses/<slug>/model"
ANSWER = "/attempts/<int:attempt_id>/items/<int:position>/comment-draft"
CHECK = "/courses/<slug>/labs/<lab>/checks/<check>/model-hint"


@model_aids.get(COURSE)
@login_required
def show(slug: str) -> ResponseReturnValue:
    """What the model does in a course beside questions: what is on, one's consent, and all that was sent."""
    course, role = access.study(slug, me())
    is_staff = policy.may_see_bank(me(), role)
    rows = aids.of_course(course, None if is_staff else me().id)
    return render_template(
        "generations/model.html",
        course=course,
        is_staff=is_staff,
        can_set=policy.may_generate(me(), role),
        can_consent=role == "student",
        has_consent=aids.has_consent(me().id, course.id),
        is_possible=means.terms().has_key,
        model=means.terms().model,
        rows=[{**drafted(row), "sent": documents.texts(row.messages)} for row in rows],
    )


@model_aids.post(f"{COURSE}/settings")
@login_required
def settings(slug: str) -> ResponseReturnValue:
    """Turn drafts of comments, and hints, on or off."""
    course = access.generated(slug, me())
    aids.allow(course, comments="comments" in request.form, hints="hints" in request.form)
    db.session.commit()
    flash(_("Saved."), "success")
    return redirect(url_for("model_aids.show", slug=slug))


@model_aids.post(f"{COURSE}/consent")
@login_required
def consent(slug: str) -> ResponseReturnValue:
    """Let the model read what one writes in the course, or no longer."""
    course, _place = access.own_place(slug, me())
    is_given = request.form.get("consent") == "1"
    aids.consent(me(), course, is_given=is_given, now=now())
    db.session.commit()
    flash(_("The model may read what you write here.") if is_given else _("Nothing of yours is sent."), "success")
    return redirect(url_for("model_aids.show", slug=slug))


@model_aids.get(ANSWER)
@login_required
def comment(attempt_id: int, position: int) -> ResponseReturnValue:
    """How far the draft of a comment is, as a part of the page on which the answer is graded."""
    item = access.graded_answer(attempt_id, position, me())
    return render_template("generations/_comment.html", **comment_context(item))


@model_aids.post(ANSWER)
@login_required
@each_person("generations")
def ask_comment(attempt_id: int, position: int) -> ResponseReturnValue:
    """Have a comment drafted."""
    item = access.graded_answer(attempt_id, position, me())
    try:
        aids.ask_comment(item, me(), means.terms(), means.redis(), now=now())
        db.session.commit()
    except (Refused, LimitReached) as error:
        db.session.rollback()
        flash(documents.words(error), "error")
    blind: dict[str, Any] = {"blind": 1} if request.args.get("blind") == "1" else {}
    address = url_for("manual_grading.show", attempt_id=attempt_id, position=position, **blind)
    return redirect(f"{address}#comment-draft")


@model_aids.get(CHECK)
@login_required
def hint(slug: str, lab: str, check: str) -> ResponseReturnValue:
    """What would be sent for a hint, and the hint."""
    course, _role = access.study(slug, me())
    definition = activity(course, lab, Lab)
    run = aids.last_run(me(), definition, check)
    template = "generations/_hint.html" if "partial" in request.args else "generations/hint.html"
    return render_template(template, course=course, lab=definition, **_hint_context(run, course))


@model_aids.post(CHECK)
@login_required
@each_person("generations")
def ask_hint(slug: str, lab: str, check: str) -> ResponseReturnValue:
    """Have a hint given."""
    course, _role = access.study(slug, me())
    run = aids.last_run(me(), activity(course, lab, Lab), check)
    try:
        aids.ask_hint(run, me(), means.terms(), means.redis(), now=now())
        db.session.commit()
    except (Refused, LimitReached) as error:
        db.session.rollback()
        flash(documents.words(error), "error")
    return redirect(url_for("model_aids.hint", slug=slug, lab=lab, check=check))


def comment_context(item: AttemptItem) -> dict[str, Any]:
    """Return what the page on which an answer is graded shows of drafts of comments; nothing where they are off."""
    course = item.attempt.quiz.course
    is_on = course.drafts_comments and item.version.kind in aids.COMMENTED and bool(item.response)
    if not (is_on and means.terms().has_key):
        return {"drafting": None}
    row = aids.comment_on(item.attempt_id, item.position)
    has_consent = aids.has_consent(item.attempt.user_id, course.id)
    return {
        "drafting": {
            "has_consent": has_consent,
            "draft": drafted(row) if row else None,
            "sent": documents.texts(row.messages) if row else [],
            "would_send": documents.texts(aids.comment_messages(item)) if has_consent else [],
            "model": means.terms().model,
            "attempt_id": item.attempt_id,
            "position": item.position,
        }
    }


def _hint_context(run: CheckRun, course: Course) -> dict[str, Any]:
    row = aids.hint_for(run)
    return {
        "check": run.check,
        "is_on": course.hints_by_model and means.terms().has_key,
        "has_failed": run.state == "failed",
        "has_consent": aids.has_consent(me().id, course.id),
        "draft": drafted(row) if row else None,
        "sent": documents.texts(row.messages) if row else [],
        "would_send": documents.texts(aids.hint_messages(run)),
        "model": means.terms().model,
    }


def drafted(row: Generation) -> dict[str, Any]:
    """Return what pages show of a comment or a hint."""
    return {
        "id": row.id,
        "is_comment": row.purpose == COMMENT,
        "is_waiting": row.state in OPEN_GENERATIONS,
        "state": row.state,
        "said": row.said,
        "reason": documents.reason(row.reason),
        "requested_at": row.requested_at,
    }
