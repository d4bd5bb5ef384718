"""Pages of practice: where one stands, a question, and what became of the answer."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from blueprints import access, faults
from blueprints.generations import wishes
from blueprints.pages import login_required, me, now
from blueprints.practice import documents
from blueprints.quizzes import results
from blueprints.quizzes.responses import of_page
from extensions import db
from models import Course, PracticeReview
from services import policy
from services.errors import InvalidInput
from services.practice import cards, figures

practice = Blueprint("practice", __name__)
PRACTICE = "/courses/<slug>/practice"


@practice.get(PRACTICE)
@login_required
def show(slug: str) -> ResponseReturnValue:
    """What is due, what one knows, and how the last sitting went."""
    course, role = access.study(slug, me())
    at = now()
    return render_template(
        "practice/show.html",
        course=course,
        figures=figures.of(me().id, course, now=at) if course.offers_practice else None,
        sitting=figures.sitting(me().id, course, now=at),
        ratings=documents.NAMES,
        can_practise=policy.may_take_part(role),
        can_offer=policy.may_offer_practice(me(), role),
        wishing=wishes.shown(course, me(), role),
    )


@practice.post(f"{PRACTICE}/offer")
@login_required
def offer(slug: str) -> ResponseReturnValue:
    """Offer practice, or no longer."""
    is_offered = request.form.get("offer") == "1"
    figures.offer(access.offered_practice(slug, me()), is_offered=is_offered)
    db.session.commit()
    flash(_("Practice is offered.") if is_offered else _("Practice is no longer offered."), "success")
    return redirect(url_for("practice.show", slug=slug))


@practice.get(f"{PRACTICE}/next")
@login_required
def question(slug: str) -> ResponseReturnValue:
    """The next question; without one, where one stands."""
    course = access.practised(slug, me())
    return _question(course, is_ahead="ahead" in request.args)


@practice.post(f"{PRACTICE}/questions/<int:question_id>")
@login_required
def answer(slug: str, question_id: int) -> ResponseReturnValue:
    """Take an answer, and show what became of it."""
    course, form = access.practised(slug, me()), request.form
    is_ahead = "ahead" in form
    try:
        response = _response(form.get("kind", ""))
        review = cards.answer(
            me().id,
            course,
            question_id,
            version=form.get("version", 0, int),
            revision=form.get("revision", -1, int),
            response=response,
            now=now(),
        )
    except cards.AlreadyPractised:
        db.session.rollback()
        flash(_("You have answered this question in another tab meanwhile."), "warning")
        return redirect(_next(slug, is_ahead=is_ahead))
    except InvalidInput as fault:
        db.session.rollback()
        return _question(access.practised(slug, me()), is_ahead=is_ahead, fault=faults.words(fault))
    db.session.commit()
    return redirect(url_for("practice.review", slug=slug, review_id=review.id, ahead=1 if is_ahead else None))


@practice.get(f"{PRACTICE}/reviews/<int:review_id>")
@login_required
def review(slug: str, review_id: int) -> ResponseReturnValue:
    """What became of an answer: the right one, the feedback, and when the question comes again."""
    course = access.practised(slug, me())
    return _review(course, cards.find_review(me().id, course, review_id))


@practice.post(f"{PRACTICE}/reviews/<int:review_id>")
@login_required
def rate(slug: str, review_id: int) -> ResponseReturnValue:
    """Say how well one remembered what no machine grades."""
    course = access.practised(slug, me())
    made = cards.find_review(me().id, course, review_id)
    rating = documents.RATINGS.get(request.form.get("rating", ""))
    if rating is None:
        raise InvalidInput("rating", "must be one of again, hard, good, easy")
    try:
        cards.rate(made, rating, now=now())
        db.session.commit()
    except cards.AlreadyPractised:
        db.session.rollback()
        flash(_("You have rated this answer in another tab meanwhile."), "warning")
    return redirect(url_for("practice.review", slug=slug, review_id=review_id))


def _next(slug: str, *, is_ahead: bool) -> str:
    return url_for("practice.question", slug=slug, ahead=1 if is_ahead else None)


def _question(course: Course, *, is_ahead: bool, fault: str = "") -> ResponseReturnValue:
    item = cards.next_of(me().id, course, now=now(), is_ahead=is_ahead)
    if item is None:
        return redirect(url_for("practice.show", slug=course.slug))
    page = render_template("practice/question.html", course=course, item=item, is_ahead=is_ahead, fault=fault)
    return page, 422 if fault else 200


def _review(course: Course, made: PracticeReview) -> ResponseReturnValue:
    return render_template(
        "practice/review.html",
        course=course,
        review=made,
        item=documents.shown(made),
        rating=documents.NAMES.get(made.rating) if made.rating else None,
        ratings=documents.RATINGS,
        is_ahead="ahead" in request.args,
        read_as=results.read_as,
    )


def _response(kind: str) -> Any:
    """Return what a form holds: what the question's script has read, or, without a script, what its inputs say."""
    if request.form.get("is_unknown"):
        return None
    response = of_page(request.form, kind)
    if response in (None, "", [], {}) or (isinstance(response, str) and not response.strip()):
        raise InvalidInput("response", _("nothing is chosen or typed"))
    return response
