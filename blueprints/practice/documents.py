"""A question to practise and what became of an answer, as pages and the API show them."""

from typing import Any

from models import PracticeReview
from models.practice import AGAIN, EASY, GOOD, HARD
from question_types import type_of
from services.practice.cards import Asked

# How well something was remembered, by the names of the API.
RATINGS = {"again": AGAIN, "hard": HARD, "good": GOOD, "easy": EASY}
NAMES = {rating: name for name, rating in RATINGS.items()}


def shown(review: PracticeReview) -> dict[str, Any]:
    """Give a question with its answer, the right one and the feedback, as a result's templates take it."""
    version = review.version
    explained = type_of(version.kind).explain(version.spec, review.response, review.frozen)
    return {
        "position": 1,
        "version": version,
        "frozen": review.frozen,
        "response": review.response,
        "is_correct": None if review.share is None else review.share >= 1,
        "score": review.share,
        "feedback": version.feedback_html,
        **explained,
    }


def asked(one: Asked) -> dict[str, Any]:
    """Give a question to practise, without its solution."""
    version = one.version
    return {
        "question_id": one.question_id,
        "version": version.number,
        "revision": one.revision,
        "is_new": one.is_new,
        "kind": version.kind,
        "prompt_html": type_of(version.kind).prompt(version.prompt_html, version.spec, one.frozen),
        "frozen": one.frozen,
    }


def review(made: PracticeReview) -> dict[str, Any]:
    """Give what became of an answer; `rating` is null while its author has to give one."""
    version = made.version
    return {
        "id": made.id,
        "question_id": made.question_id,
        "version": version.number,
        "response": made.response,
        "share": None if made.share is None else float(made.share),
        "rating": NAMES.get(made.rating) if made.rating else None,
        "solution": type_of(version.kind).explain(version.spec, made.response, made.frozen)["solution"],
        "feedback_html": version.feedback_html,
        "answered_at": made.answered_at,
        "due_at": made.due_at,
    }
