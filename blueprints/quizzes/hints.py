"""The page of a question's hints: those that were taken, and the next one with its price. Scripts get the part of it
that stands in the attempt."""

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints import access
from blueprints.errors import wants_json
from blueprints.pages import login_required, me, now
from extensions import db
from models import Attempt
from services.errors import NotFound
from services.quizzes import attempts, breaks, hints

quiz_hints = Blueprint("quiz_hints", __name__)
HINTS = "/attempts/<int:attempt_id>/items/<int:position>/hints"


@quiz_hints.get(HINTS)
@login_required
def show(attempt_id: int, position: int) -> ResponseReturnValue:
    """Show the hints that were taken, and ask whether the next one is wanted."""
    attempt = access.answerable_attempt(attempt_id, me(), is_whole=True)
    if breaks.of(attempt, now()).until is None:
        return _answer(attempt, position)
    if wants_json():
        raise hints.OnBreak
    return redirect(url_for("quiz_breaks.show", attempt_id=attempt_id))


@quiz_hints.post(HINTS)
@login_required
def take(attempt_id: int, position: int) -> ResponseReturnValue:
    """Take the hint whose number the page showed: once, however often it is sent."""
    attempt = access.answerable_attempt(attempt_id, me(), is_whole=True)
    hints.take(attempt_id, position, request.form.get("number", 0, int), now=now())
    db.session.commit()
    if not wants_json():
        return redirect(url_for("quiz_hints.show", attempt_id=attempt_id, position=position))
    return _answer(attempt, position)


def _answer(attempt: Attempt, position: int) -> Response | str:
    item = next((item for item in attempt.items if item.position == position), None)
    found = hints.of_item(item) if item is not None else None
    if found is None:
        raise NotFound
    is_open = attempt.is_open and not attempts.is_overdue(attempt, now())
    quiz = attempt.quiz
    shown = {"course": quiz.course, "attempt": attempt, "item": item, "hints": found, "can_take": is_open}
    if not wants_json():
        return render_template("quizzes/hints.html", quiz=quiz, **shown)
    response = jsonify(count=len(found.taken), html=render_template("quizzes/_hints.html", **shown))
    response.headers["Cache-Control"] = "no-store"
    return response
