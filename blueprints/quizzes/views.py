"""Pages of quizzes: the front page, the attempt with its self-saving answers, and the result."""

from typing import Any

from flask import Blueprint, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from blueprints import limits, pages
from blueprints.errors import answer
from blueprints.pages import load_study, login_required, me, now
from extensions import db
from models import Attempt, Quiz
from services import attempts, policy
from services.errors import Forbidden, InvalidInput, NotFound
from services.outlines import activity, done_ids, outline
from services.questions import kind_of

quizzes = Blueprint("quizzes", __name__)
NO_SCRIPT_PREFIX = "item-"


@quizzes.get("/courses/<slug>/quizzes/<quiz>")
@login_required
def show(slug: str, quiz: str) -> ResponseReturnValue:
    """A quiz's front page: what it asks for, and how earlier attempts went."""
    course, role = load_study(slug)
    found, plan = activity(course, quiz, Quiz), outline(course)
    mine = attempts.of_student(me().id, found)  # type: ignore[arg-type]  # `activity` returned a Quiz
    closed = [attempt for attempt in mine if attempt.state == "closed"]
    entry = next((entry for entry in plan.entries if entry.id == found.id), None)
    left = attempts.attempts_left(found, len(mine))  # type: ignore[arg-type]  # as above
    opened = next((attempt for attempt in mine if attempt.state == "open"), None)
    before, after = plan.around(found.slug)
    return render_template(
        "quizzes/show.html",
        course=course,
        quiz=found,
        question_count=entry.count if entry else 0,
        attempts=closed,
        open_attempt=opened,
        attempts_left=left,
        best=max((attempt.percent for attempt in closed), default=None),
        can_start=policy.may_take_part(role) and (opened is not None or left != 0),
        outline=pages.outline_context(course, plan, done_ids(me().id, course)),
        previous=pages.link(course, before),
        next=pages.link(course, after),
    )


@quizzes.post("/courses/<slug>/quizzes/<quiz>/attempts")
@login_required
def start(slug: str, quiz: str) -> ResponseReturnValue:
    """Start, or go on with the open attempt."""
    course, role = load_study(slug)
    if not policy.may_take_part(role):
        raise Forbidden(_("Only people in the course take its quizzes."))
    found = activity(course, quiz, Quiz)
    attempt = attempts.start(me().id, found, now=now(), admit=_admit)  # type: ignore[arg-type]  # `activity` gave a Quiz
    db.session.commit()
    return redirect(url_for("quizzes.attempt", attempt_id=attempt.id))


def _admit() -> None:
    limits.spend("quiz_starts", me().id)


@quizzes.get("/attempts/<int:attempt_id>")
@login_required
def attempt(attempt_id: int) -> ResponseReturnValue:
    """Answer the questions."""
    found = _mine(attempt_id, is_whole=True)
    at = now()
    if attempts.is_overdue(found, at):
        attempts.submit(found, now=at)
        db.session.commit()
    if found.state != "open":
        return redirect(url_for("quizzes.result", attempt_id=attempt_id))
    return render_template(
        "quizzes/attempt.html",
        course=found.quiz.course,
        quiz=found.quiz,
        attempt=found,
        items=found.items,
        saved=sum(1 for item in found.items if item.response is not None),
        total=len(found.items),
        deadline_at=found.deadline_at,
        now=at,
    )


@quizzes.put("/attempts/<int:attempt_id>/items/<int:position>")
@login_required
def save(attempt_id: int, position: int) -> ResponseReturnValue:
    """Save one answer, and give a receipt once it is committed."""
    _mine(attempt_id)
    body = request.get_json(silent=True)
    if not isinstance(body, dict) or not isinstance(body.get("revision"), int) or isinstance(body["revision"], bool):
        raise InvalidInput("revision", "must be a whole number from 1")
    try:
        receipt = attempts.save(attempt_id, position, body.get("response"), revision=body["revision"], now=now())
    except attempts.Superseded as newer:
        return jsonify(revision=newer.revision, response=newer.response), 409
    except attempts.Closed as over:
        return answer(410, over.message)
    db.session.commit()
    return jsonify(
        saved=receipt.saved,
        total=receipt.total,
        saved_at=receipt.saved_at.isoformat(),
        revision=receipt.revision,
    )


@quizzes.post("/attempts/<int:attempt_id>/submit")
@login_required
def submit(attempt_id: int) -> ResponseReturnValue:
    """Hand in. A page without scripts sends its answers along."""
    found = _mine(attempt_id, is_whole=True)
    at = now()
    if found.state == "open":
        _save_form(found, at)
        attempts.submit(found, now=at)
        db.session.commit()
    return redirect(url_for("quizzes.result", attempt_id=attempt_id))


def _save_form(found: Attempt, at: Any) -> None:
    for item in found.items:
        name = f"{NO_SCRIPT_PREFIX}{item.position}"
        if name not in request.form:
            continue
        values = request.form.getlist(name)
        response = values if item.version.kind == "multiple" else values[0]
        if kind_of(item.version.kind).clean(item.version.spec, response) == item.response:
            continue
        try:
            attempts.save(found.id, item.position, response, revision=item.revision + 1, now=at)
        except (attempts.Superseded, attempts.Closed):
            continue  # what is already saved is newer, or the time was over: it counts as saved


@quizzes.get("/attempts/<int:attempt_id>/result")
@login_required
def result(attempt_id: int) -> ResponseReturnValue:
    """Show the score with feedback."""
    found = _mine(attempt_id, is_whole=True)
    if found.state == "open":
        return redirect(url_for("quizzes.attempt", attempt_id=attempt_id))
    course, quiz = found.quiz.course, found.quiz
    mine = attempts.of_student(found.user_id, quiz)
    _before, after = outline(course).around(quiz.slug)
    return render_template(
        "quizzes/result.html",
        course=course,
        quiz=quiz,
        attempt=found,
        items=[_graded(item) for item in found.items],
        percent=found.percent,
        is_passed=found.percent >= quiz.pass_percent,
        attempts_left=attempts.attempts_left(quiz, len(mine)),
        next=pages.link(course, after),
    )


def _graded(item: Any) -> dict[str, Any]:
    version = item.version
    explained = kind_of(version.kind).explain(version.spec, item.response)
    return {
        "position": item.position,
        "version": version,
        "frozen": item.frozen,
        "response": item.response,
        "score": item.score,
        "is_correct": (item.score or 0) >= float(version.points),
        "feedback": version.feedback_html,
        **explained,
    }


def _mine(attempt_id: int, *, is_whole: bool = False) -> Attempt:
    found = attempts.load(attempt_id, is_whole=is_whole)
    if not policy.owns_attempt(me(), found):
        raise NotFound
    return found
