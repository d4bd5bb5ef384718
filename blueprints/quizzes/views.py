"""Pages of quizzes: the front page, the attempt with its self-saving answers, and the result."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import Blueprint, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import ValidationError
from sqlalchemy import Row

from blueprints import access, limits, live_tickets, pages, shown
from blueprints.errors import wants_json
from blueprints.pages import json_object, login_required, me, now, takes_json
from blueprints.quizzes import documents, front, kept_attempts, responses, results, saving
from blueprints.quizzes.schemas import TypedIn
from extensions import db
from models import Attempt, Quiz
from question_types import type_of
from services import policy
from services.courses.outlines import activity, outline
from services.errors import Forbidden, InvalidInput, NotFound, Refused
from services.quizzes import (
    accommodations,
    answer_log,
    answers,
    attempts,
    break_log,
    breaks,
    gate,
    hints,
    reveal,
    terms,
    unreadable,
    waiting,
)
from services.quizzes.lists import attempts_at

quizzes = Blueprint("quizzes", __name__)
PER_PAGE = 50


@quizzes.get("/courses/<slug>/quizzes/<quiz>")
@login_required
def show(slug: str, quiz: str) -> ResponseReturnValue:
    """A quiz's front page: what it asks for, and how earlier attempts went."""
    course, role = access.study(slug, me())
    return front.page(course, role, activity(course, quiz, Quiz))


@quizzes.post("/courses/<slug>/quizzes/<quiz>/attempts")
@login_required
def start(slug: str, quiz: str) -> ResponseReturnValue:
    """Start, or go on with the open attempt; a page says why that isn't possible now."""
    course, role, chosen_quiz = access.starting(slug, quiz, me())
    password = request.form.get("password")
    if password:
        limits.spend("quiz_passwords", me().id)
    try:
        is_staff = policy.may_see_people(me(), role)
        given: dict[str, Any] = {"admit": _admit, "password": password, "is_staff": is_staff}
        attempt, drawn = attempts.begin(me().id, chosen_quiz, now=now(), has_turn=True, **given)
    except Refused as refusal:
        db.session.commit()  # an attempt whose time was over is closed all the same
        return front.page(course, role, chosen_quiz, refused=refusal.reason), 409
    except gate.WrongPassword:
        db.session.commit()
        return front.page(course, role, chosen_quiz, is_password_wrong=True), 422
    address = url_for("quizzes.attempt", attempt_id=attempt.id)  # after the commit it would be read anew
    kept_attempts.note(course, chosen_quiz, attempt, drawn)
    db.session.commit()
    return redirect(address)


def _admit() -> None:
    limits.spend("quiz_starts", me().id)


@quizzes.get("/courses/<slug>/quizzes/<quiz>/attempts")
@login_required
def everybodys(slug: str, quiz: str) -> ResponseReturnValue:
    """Everybody's attempts, for the course's staff, with what came late."""
    course, role = access.study(slug, me())
    if not policy.may_see_people(me(), role):
        raise Forbidden
    chosen_quiz = activity(course, quiz, Quiz)
    page = attempts_at(chosen_quiz, None, request.args.get("page", 1, int), PER_PAGE)
    late = answer_log.count_late(attempt.id for attempt in page.rows)
    return render_template(
        "quizzes/everybodys.html",
        course=course,
        quiz=chosen_quiz,
        page=page,
        late=late,
        waiting=waiting.count(chosen_quiz),
    )


@quizzes.get("/attempts/<int:attempt_id>")
@login_required
def attempt(attempt_id: int) -> ResponseReturnValue:
    """Answer the questions."""
    attempt, at = access.answerable_attempt(attempt_id, me(), is_whole=True), now()
    _close_overdue(attempt, at)
    if not attempt.is_open:
        return redirect(url_for("quizzes.result", attempt_id=attempt_id))
    if breaks.of(attempt, at).until is not None:
        return redirect(url_for("quiz_breaks.show", attempt_id=attempt_id))
    is_untouched = not any(item.revision for item in attempt.items)
    if is_untouched:
        kept_attempts.keep_frame(attempt)
    deadline_at = attempt.deadline_at
    return render_template(
        "quizzes/attempt.html",
        course=attempt.quiz.course,
        quiz=attempt.quiz,
        attempt=attempt,
        items=attempt.items,
        saved=sum(1 for item in attempt.items if item.response is not None),
        total=len(attempt.items),
        deadline_at=deadline_at.isoformat() if deadline_at else None,
        left=shown.countdown((deadline_at - at).total_seconds()) if deadline_at else "",
        breaks=breaks.of(attempt, at),
        grace_s=int(terms.GRACE.total_seconds()),
        now=at.isoformat(),
        read_as=results.read_as,
        hints=hints.of_attempt(attempt),
        # An attempt that has just begun has nothing that its page would have to ask for.
        live=live_tickets.of_attempt(attempt_id) if is_untouched else None,
    )


@quizzes.get("/attempts/<int:attempt_id>/answers")
@login_required
def read_answers(attempt_id: int) -> ResponseReturnValue:
    """Tell an open page what is saved, from other tabs and devices, the site's time, and how to hear of more."""
    attempt, at = access.answerable_attempt(attempt_id, me()), now()
    _close_overdue(attempt, at)
    items = answers.saved(attempt.id)
    others = answer_log.by_position(answer_log.uncounted(attempt.id)) if attempt.is_open else {}
    response = jsonify(
        state=documents.state_of(attempt),
        closed_by=attempt.closed_by,
        now=at.isoformat(),
        deadline_at=attempt.deadline_at.isoformat() if attempt.deadline_at else None,
        is_on_break=breaks.of(attempt, at).until is not None,
        live=live_tickets.of_attempt(attempt.id),
        saved=sum(1 for item in items if item.response is not None),
        items=[_saved(item, others.get(item.position, [])) for item in items],
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def _saved(item: Row[tuple[int, int, Any, int, str | None]], others: list[answer_log.Uncounted]) -> dict[str, Any]:
    earlier = [{"response": other.response, "typed_at": other.typed_at.isoformat()} for other in others]
    names = ("position", "revision", "response", "hints", "trial")
    return {**{name: getattr(item, name) for name in names}, "earlier": earlier}


def _close_overdue(attempt: Attempt, at: datetime) -> None:
    if attempts.close_if_overdue(attempt, now=at):
        db.session.commit()


@quizzes.put("/attempts/<int:attempt_id>/items/<int:position>")
@login_required
@takes_json
def save(attempt_id: int, position: int) -> ResponseReturnValue:
    """Save one answer, and give a receipt once it is committed."""
    sent, at = _typed(json_object()), now()
    row = access.answer_row(attempt_id, position, me(), at)
    try:
        receipt = answers.keep(row, **vars(sent), now=at)
    except (answers.Superseded, answers.Closed) as refusal:
        db.session.commit()
        return saving.refused(refusal, at)
    db.session.commit()
    document = saving.receipt(receipt, at)
    times = {name: value.isoformat() for name, value in document.items() if isinstance(value, datetime)}
    return jsonify({**document, **times})


def _typed(body: dict[str, Any]) -> TypedIn:
    try:
        return TypedIn.model_validate(body)
    except ValidationError as error:
        fault = error.errors()[0]
        raise InvalidInput(".".join(map(str, fault["loc"])), unreadable.reason_of(fault)) from error


@quizzes.post("/attempts/<int:attempt_id>/submit")
@login_required
def submit(attempt_id: int) -> ResponseReturnValue:
    """Hand in. A page without scripts sends its answers along."""
    has_answers = any(name.startswith(responses.PREFIX) for name in request.form)
    attempt, at = access.answerable_attempt(attempt_id, me(), is_whole=has_answers), now()
    if has_answers:
        _save_form(attempt, at)
    attempts.submit(attempt, now=at)
    told = {"state": documents.state_of(attempt), "closed_by": attempt.closed_by}
    db.session.commit()
    if wants_json():
        return jsonify(told)
    return redirect(url_for("quizzes.result", attempt_id=attempt_id))


def _save_form(attempt: Attempt, at: datetime) -> None:
    for item in attempt.items:
        form = responses.form_of(request.form, item.position)
        if not form:
            continue
        kind = type_of(item.version.kind)
        response = kind.of_form(form)
        if kind.clean(item.version.spec, response) == item.response:
            continue
        try:
            # Without a script nobody knows when it was typed: it was sent now.
            answers.save(attempt.id, item.position, response, revision=item.revision + 1, now=at, typed_at=at)
        except (answers.Superseded, answers.Closed):
            continue  # what is already saved is newer, or the time was over: it is kept as late


@quizzes.get("/attempts/<int:attempt_id>/versions")
@login_required
def versions(attempt_id: int) -> ResponseReturnValue:
    """Show all answers that came, to their student and the course's staff."""
    attempt, is_staff = access.readable_attempt(attempt_id, me())
    if breaks.of(attempt, now()).until is not None and not is_staff:
        return redirect(url_for("quiz_breaks.show", attempt_id=attempt_id))
    return render_template(
        "quizzes/versions.html",
        course=attempt.quiz.course,
        quiz=attempt.quiz,
        attempt=attempt,
        student=None if policy.owns_attempt(me(), attempt) else attempt.user,
        items=results.versions(attempt),
        breaks=break_log.of_attempt(attempt, now()),
    )


@quizzes.get("/attempts/<int:attempt_id>/result")
@login_required
def result(attempt_id: int) -> ResponseReturnValue:
    """Show the score with feedback, to its student and the course's staff."""
    attempt, is_staff = access.readable_attempt(attempt_id, me())
    is_mine, at = policy.owns_attempt(me(), attempt), now()
    if attempt.is_open:
        if not is_mine:
            raise NotFound
        return redirect(url_for("quizzes.attempt", attempt_id=attempt_id))
    course, quiz = attempt.quiz.course, attempt.quiz
    made, granted = accommodations.standing(attempt.user_id, quiz, is_fresh=False)
    _before, after = outline(course).around(quiz.slug)
    last_close = reveal.last_close(quiz)
    shown = reveal.of(attempt, quiz, now=at, last_close=last_close, is_staff=is_staff)
    context = results.context(attempt, shown, made, is_staff=is_staff)
    return render_template(
        "quizzes/result.html",
        course=course,
        quiz=quiz,
        attempt=attempt,
        student=None if is_mine else attempt.user,
        can_grade=is_staff,
        accepting_until=_accepting_until(attempt, made, at),
        students_view=reveal.of(attempt, quiz, now=at, last_close=last_close, is_staff=False),
        can_try_again=gate.obstacle(terms.terms_of(quiz, granted, is_staff=is_staff), made, at) is None,
        live=live_tickets.of_attempt(attempt_id) if context["is_tested"] and is_mine else "",
        **context,
        next=pages.link(course, after),
    )


def _accepting_until(attempt: Attempt, made: Sequence[Attempt], at: datetime) -> datetime | None:
    """Return until when answers that come late still count; None where none do any more."""
    until = terms.accepts_until(attempt.quiz.late_answers, attempt.closed_by, attempt.deadline_at)
    is_last = attempt.number == max(each.number for each in made)
    return until if until is not None and at <= until and is_last else None
