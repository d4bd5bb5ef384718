"""Pages of grading by hand: the answers that wait, and one of them with its marks and a comment."""

from datetime import datetime
from itertools import groupby
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from blueprints import access, shown
from blueprints.pages import login_required, me, now
from blueprints.quizzes import form_fields, results, tests
from extensions import db
from models import AttemptItem
from question_types import type_of
from services.errors import InvalidInput
from services.quizzes import hints, manual, reveal, waiting

manual_grading = Blueprint("manual_grading", __name__)
ANSWER = "/attempts/<int:attempt_id>/items/<int:position>/grade"
PER_PAGE = 50


@manual_grading.get("/courses/<slug>/quizzes/<quiz>/to-grade")
@login_required
def queue(slug: str, quiz: str) -> ResponseReturnValue:
    """Show the answers that wait, by question; with ?blind=1 without names."""
    course, chosen_quiz = access.graded_quiz(slug, quiz, me())
    page = waiting.page(chosen_quiz, request.args.get("page", 1, int), PER_PAGE)
    counts = waiting.counts(chosen_quiz)
    groups = [
        {
            "version": items[0].version,
            "count": counts.get(question_id, len(items)),
            "answers": [{"item": item, "text": _in_a_line(item)} for item in items],
        }
        for question_id, items in (
            (key, list(rows)) for key, rows in groupby(page.rows, key=lambda item: item.version.question_id)
        )
    ]
    return render_template(
        "quizzes/to_grade.html",
        course=course,
        quiz=chosen_quiz,
        page=page,
        groups=groups,
        is_blind=_is_blind(),
        blind=_blind(),
    )


@manual_grading.get(ANSWER)
@login_required
def show(attempt_id: int, position: int) -> ResponseReturnValue:
    """Show an answer with its question and what is right, to grade it."""
    item = access.graded_answer(attempt_id, position, me())
    return _page(item, _held(item))


@manual_grading.post(ANSWER)
@login_required
def give(attempt_id: int, position: int) -> ResponseReturnValue:
    """Keep the marks, and go on with the next answer. What was typed stays on the page where that isn't possible."""
    item = access.graded_answer(attempt_id, position, me())
    typed = {name: request.form.get(name, "") for name in ("marks", "comment", "replaces")}
    faults: dict[str, str] = {}
    marks = form_fields.marks(typed["marks"], "marks", faults)
    if marks is None:
        return _page(item, typed, faults=faults), 422
    following = waiting.after(item)
    comment = typed["comment"].replace("\r\n", "\n").strip()
    given: dict[str, Any] = {"marks": marks, "comment": comment, "replaces": _moment(typed["replaces"])}
    try:
        manual.give(attempt_id, position, grader_id=me().id, now=now(), **given)
    except InvalidInput as fault:
        db.session.rollback()
        faults[fault.field] = fault.message[:1].upper() + fault.message[1:] + "."
        return _page(access.graded_answer(attempt_id, position, me()), typed, faults=faults), 422
    except manual.AlreadyGraded:
        db.session.rollback()
        item = access.graded_answer(attempt_id, position, me())
        return _page(item, {**typed, "replaces": _held(item)["replaces"]}, given=in_words(item)), 409
    slug, quiz = item.attempt.quiz.course.slug, item.attempt.quiz.slug
    db.session.commit()
    if following is None:
        flash(_("Saved. No more answers wait."), "success")
        return redirect(url_for("manual_grading.queue", slug=slug, quiz=quiz, **_blind()))
    flash(_("Saved. This is the next answer."), "success")
    return redirect(url_for("manual_grading.show", attempt_id=following[0], position=following[1], **_blind()))


def in_words(item: AttemptItem) -> str:
    """Say what somebody else has given an answer meanwhile."""
    said = {"marks": shown.marks(item.own_score), "max": shown.marks(item.own_points)}
    name = item.graded_by.display_name if item.graded_by else _("Somebody")
    if not item.comment:
        return _("%(name)s has graded this answer meanwhile: %(marks)s of %(max)s marks.", name=name, **said)
    return _(
        "%(name)s has graded this answer meanwhile: %(marks)s of %(max)s marks. The comment: %(comment)s",
        name=name,
        comment=item.comment,
        **said,
    )


def _page(item: AttemptItem, typed: dict[str, str], *, faults: dict[str, str] | None = None, given: str = "") -> str:
    attempt, version = item.attempt, item.version
    following = waiting.after(item)
    return render_template(
        "quizzes/grade.html",
        course=attempt.quiz.course,
        quiz=attempt.quiz,
        attempt=attempt,
        item={
            **results.graded(item, results.late_answers(item), reveal.EVERYTHING),
            "version": version,
            "hints": hints.of_item(item),
            "tests": tests.of_attempt(attempt, reveal.EVERYTHING, is_staff=True).get(item.position),
        },
        typed=typed,
        faults=faults or {},
        given=given,
        left=waiting.counts(attempt.quiz).get(version.question_id, 0),
        following=following,
        max_comment=manual.MAX_COMMENT,
        is_blind=_is_blind(),
        blind=_blind(),
    )


def _held(item: AttemptItem) -> dict[str, str]:
    """Give what a person gave, as the form's fields hold it: nothing yet where they are empty.

    What hints cost isn't in the score; of an answer that is worth nothing with it, nobody knows what it was before.
    """
    score = item.own_score
    given_at = item.graded_at.isoformat() if item.graded_at and score is not None else ""
    marks = "" if score is None else f"{float(score + (item.hint_cost if score else 0)):g}"
    return {"marks": marks, "comment": item.comment, "replaces": given_at}


def _moment(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else None


def _in_a_line(item: AttemptItem) -> str:
    return " ".join(type_of(item.version.kind).in_words(item.version.spec, item.response).split())


def _is_blind() -> bool:
    return request.args.get("blind") == "1"


def _blind() -> dict[str, Any]:
    """What addresses have in them while names are hidden."""
    return {"blind": 1} if _is_blind() else {}
