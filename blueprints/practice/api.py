"""The JSON API of practice: what is due, the next question, an answer, and one's own rating. It earns no points."""

from dataclasses import asdict
from typing import Any

from apiflask import APIBlueprint

from blueprints import access
from blueprints.bearer import auth, me, scope
from blueprints.pages import now
from blueprints.practice import documents
from blueprints.practice.schemas import NextOut, NextQuery, OfferIn, PracticeAnswerIn, PracticeOut, RatingIn, ReviewOut
from blueprints.schemas import responses
from extensions import db
from models import Course
from services.practice import cards, figures

practice_api = APIBlueprint("practice_api", __name__, tag="Practice")
PRACTICE = "/courses/<slug>/practice"


@practice_api.get(PRACTICE)
@practice_api.auth_required(auth)
@practice_api.output(PracticeOut)
@practice_api.doc(summary="Read how one's practice stands", responses=responses(403, 404))
@scope("practice:read")
def read_practice(slug: str) -> Any:
    """Give one's own figures."""
    return _figures(access.practised(slug, me()))


@practice_api.put(PRACTICE)
@practice_api.auth_required(auth)
@practice_api.input(OfferIn)
@practice_api.output(PracticeOut)
@practice_api.doc(summary="Offer practice in a course, or no longer", responses=responses(403, 404, 422))
@scope("practice:write")
def offer_practice(slug: str, json_data: OfferIn) -> Any:
    """For teachers. What people remember stays. The next import of the course's folder says it anew."""
    course = access.offered_practice(slug, me())
    figures.offer(course, is_offered=json_data.is_offered)
    db.session.commit()
    return _figures(course)


@practice_api.get(f"{PRACTICE}/next")
@practice_api.auth_required(auth)
@practice_api.input(NextQuery, location="query")
@practice_api.output(NextOut)
@practice_api.doc(summary="Get the next question to practise", responses=responses(403, 404, 409, 422))
@scope("practice:read")
def next_question(slug: str, query_data: NextQuery) -> Any:
    """Give what is due longest, then what is new. It stays the next one until it is answered."""
    course = access.practised(slug, me())
    found = cards.next_of(me().id, course, now=now(), is_ahead=query_data.ahead)
    return {"question": documents.asked(found) if found else None}


@practice_api.post(f"{PRACTICE}/questions/<int:question_id>/answer")
@practice_api.auth_required(auth)
@practice_api.input(PracticeAnswerIn)
@practice_api.output(ReviewOut)
@practice_api.doc(summary="Answer a question in practice", responses=responses(403, 404, 409, 422))
@scope("practice:write")
def answer_question(slug: str, question_id: int, json_data: PracticeAnswerIn) -> Any:
    """Grade it at once, and give the right answer. 409 where it was answered meanwhile, or nothing is offered."""
    course = access.practised(slug, me())
    review = cards.answer(me().id, course, question_id, **vars(json_data), now=now())
    db.session.commit()
    return documents.review(review)


@practice_api.put(f"{PRACTICE}/reviews/<int:review_id>/rating")
@practice_api.auth_required(auth)
@practice_api.input(RatingIn)
@practice_api.output(ReviewOut)
@practice_api.doc(summary="Say how well one remembered", responses=responses(403, 404, 409, 422))
@scope("practice:write")
def rate_review(slug: str, review_id: int, json_data: RatingIn) -> Any:
    """For answers that no machine grades. The same again is harmless; 409 for another one."""
    course = access.practised(slug, me())
    review = cards.find_review(me().id, course, review_id)
    cards.rate(review, documents.RATINGS[json_data.rating], now=now())
    db.session.commit()
    return documents.review(review)


def _figures(course: Course) -> dict[str, Any]:
    return {"is_offered": course.offers_practice, **asdict(figures.of(me().id, course, now=now()))}
