"""Pages of grading by hand: the answers that wait, and one of them with its marks and a comment."""

from datetime import datetime
from fractions import Fraction
from itertools import groupby
from typing import Any

import flask_babel
from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

import question_rubrics
from blueprints import access, shown
from blueprints import faults as words
from blueprints.generations import aids
from blueprints.pages import login_required, me, now
from blueprints.quizzes import form_fields, results, tests
from extensions import db
from models import AttemptItem
from models.marks import exact
from question_types import type_of
from reasons import sentence
from services.errors import InvalidInput
from services.generations import aids as drafts
from services.quizzes import hints, holds, manual, reveal, waiting

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
    held = holds.of([(item.attempt_id, item.position) for item in page.rows], now())
    untested = waiting.why_not_tested(page.rows)
    groups = [
        {
            "version": items[0].version,
            "count": counts.get(question_id, len(items)),
            "answers": [
                {
                    "item": item,
                    "text": _in_a_line(item),
                    "held": held.get((item.attempt_id, item.position)),
                    "untested": sentence(untested.get((item.attempt_id, item.position)), flask_babel),
                }
                for item in items
            ],
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


@manual_grading.post("/courses/<slug>/quizzes/<quiz>/to-grade")
@login_required
def take_next(slug: str, quiz: str) -> ResponseReturnValue:
    """Hand out the next answer that waits and that nobody else has before them."""
    _course, chosen_quiz = access.graded_quiz(slug, quiz, me())
    found = holds.take_next(chosen_quiz, me().id, now())
    db.session.commit()
    if found is None:
        flash(_("No answer waits that nobody else is grading now."), "info")
        return redirect(url_for("manual_grading.queue", slug=slug, quiz=quiz, **_blind()))
    return redirect(url_for("manual_grading.show", attempt_id=found[0], position=found[1], **_blind()))


@manual_grading.get(ANSWER)
@login_required
def show(attempt_id: int, position: int) -> ResponseReturnValue:
    """Show an answer with its question and what is right, to grade it; the person has it then, unless somebody has."""
    item = access.graded_answer(attempt_id, position, me())
    is_free = holds.take((attempt_id, position), me().id, now())
    page = _page(item, _typed_before(item), is_held_by_other=not is_free)
    db.session.commit()
    return page


@manual_grading.post(f"{ANSWER}/hold")
@login_required
def hold(attempt_id: int, position: int) -> ResponseReturnValue:
    """Renew the lease of an open page on its answer; with ?leave=1 end it."""
    access.graded_answer(attempt_id, position, me())
    is_mine = "leave" not in request.args and holds.take((attempt_id, position), me().id, now())
    if "leave" in request.args:
        holds.leave((attempt_id, position), me().id)
    db.session.commit()
    return jsonify(is_mine=is_mine)


@manual_grading.post(ANSWER)
@login_required
def give(attempt_id: int, position: int) -> ResponseReturnValue:
    """Keep the marks, and go on with the next answer. What was typed stays on the page where that isn't possible."""
    item = access.graded_answer(attempt_id, position, me())
    typed: dict[str, Any] = {name: request.form.get(name, "") for name in ("marks", "comment", "replaces")}
    typed["chosen"] = request.form.getlist("chosen")
    faults: dict[str, str] = {}
    has_rubric = bool(manual.rubric_of(item))
    is_by_items = has_rubric and not typed["marks"].strip()
    marks = None if is_by_items else form_fields.marks(typed["marks"], "marks", faults)
    if marks is None and not is_by_items:
        return _page(item, typed, faults=faults), 422
    comment = typed["comment"].replace("\r\n", "\n").strip()
    given: dict[str, Any] = {"marks": marks, "comment": comment, "replaces": _moment(typed["replaces"])}
    if has_rubric:
        given["chosen"] = typed["chosen"]
    try:
        manual.give(attempt_id, position, grader_id=me().id, now=now(), **given)
    except InvalidInput as fault:
        db.session.rollback()
        faults[fault.field] = words.line(fault)
        return _page(access.graded_answer(attempt_id, position, me()), typed, faults=faults), 422
    except manual.AlreadyGraded:
        db.session.rollback()
        item = access.graded_answer(attempt_id, position, me())
        return _page(item, {**typed, "replaces": _given_before(item)["replaces"]}, given=in_words(item)), 409
    holds.leave((attempt_id, position), me().id)
    slug, quiz = item.attempt.quiz.course.slug, item.attempt.quiz.slug
    following = holds.take_next(item.attempt.quiz, me().id, now(), after=item)
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


def _page(
    item: AttemptItem,
    typed: dict[str, Any],
    *,
    faults: dict[str, str] | None = None,
    given: str = "",
    is_held_by_other: bool = False,
) -> str:
    attempt, version = item.attempt, item.version
    key, rubric = (attempt.id, item.position), manual.rubric_of(item)
    following = waiting.following(attempt.quiz, me().id, now(), after=item)
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
        held=holds.of([key], now()).get(key) if is_held_by_other else None,
        rubric=rubric,
        starts_at=question_rubrics.marks(rubric, (), exact(item.own_points)),
        is_blind=_is_blind(),
        blind=_blind(),
        **aids.comment_context(item),
    )


def _typed_before(item: AttemptItem) -> dict[str, Any]:
    """Give what the form opens with: what a person gave, and with ?draft=1 the model's comment behind theirs."""
    typed = _given_before(item)
    drafted = drafts.comment_on(item.attempt_id, item.position) if "draft" in request.args else None
    if drafted is not None and drafted.said:
        typed["comment"] = "\n\n".join(each for each in (typed["comment"], drafted.said) if each)
    return typed


def _given_before(item: AttemptItem) -> dict[str, Any]:
    """Give what a person gave, as the form's fields hold it: nothing yet where they are empty.

    What hints cost isn't in the score; of an answer that is worth nothing with it, nobody knows what it was before.
    """
    score = item.own_score
    given_at = item.graded_at.isoformat() if item.graded_at and score is not None else ""
    choice = question_rubrics.choice_of(item.rubric)
    if choice is not None and score is not None:
        given = choice.marks(manual.rubric_of(item), exact(item.own_points))
    else:
        given = (score or Fraction(0)) + (item.hint_cost if score else 0)
    marks = "" if score is None else f"{float(given):g}"
    chosen = item.rubric["chosen"] if item.rubric else []
    return {"marks": marks, "comment": item.comment, "replaces": given_at, "chosen": chosen}


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
