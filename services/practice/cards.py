"""Practising: the next question, an answer to it, and how well it was remembered.

Each review is made of the card's revision that its page saw. Of two tabs that answer the same question the first one
counts, and the second one is told so.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import joinedload

from extensions import db
from models import Attempt, AttemptItem, Course, PracticeCard, PracticeReview, Question, QuestionVersion
from models.attempt import GRADED
from question_types import type_of
from services import changes
from services.errors import Conflict, NotFound
from services.practice import schedule
from services.practice.pool import may_be_practised
from services.quizzes import draws


class AlreadyPractised(Conflict):
    """You have answered this question in another tab meanwhile."""


class NotOffered(Conflict):
    """This course offers no practice."""


@dataclass(frozen=True)
class Asked:
    """A question to practise, as it is shown; `revision` is what an answer is to be sent with."""

    question_id: int
    version: QuestionVersion
    revision: int
    frozen: dict[str, Any]
    is_new: bool
    position: int = 1
    response: None = None


def next_of(user_id: int, course: Course, *, now: datetime, is_ahead: bool = False) -> Asked | None:
    """Return what is due longest, then what was never practised, first what the student had wrong in a quiz.

    None where that is all; with `is_ahead` what is due next comes then. NotOffered where the course offers no practice.
    """
    _require_offered(course)
    is_due = PracticeCard.due_at <= now
    is_new = PracticeCard.question_id.is_(None)
    query = (
        _of(user_id, may_be_practised(user_id, course, now))
        .order_by(
            case((is_due, 0), (is_new, 1), else_=2),
            PracticeCard.due_at,
            case((is_new & _was_wrong(user_id), 0), else_=1),
            Question.slug,
            Question.id,
        )
        .limit(1)
    )
    if not is_ahead:
        query = query.where(is_due | is_new)
    row = db.session.execute(query).tuples().one_or_none()
    return _asked(user_id, *row) if row else None


def answer(
    user_id: int,
    course: Course,
    question_id: int,
    *,
    version: int,
    revision: int,
    response: Any,
    now: datetime,
) -> PracticeReview:
    """Take an answer to the version of a question that was shown; no answer is "I don't know".

    What a machine can grade moves the card at once; else the review waits for `rate`. InvalidInput for what can't be an
    answer, NotFound for what can't be practised (any more), AlreadyPractised for a revision that is over.
    """
    _require_offered(course)
    query = _of(user_id, may_be_practised(user_id, course, now)).where(Question.id == question_id)
    row = db.session.execute(query).tuples().one_or_none() if question_id < 2**63 else None
    if row is None:
        raise NotFound
    shown = _version(question_id, version, row[0])
    if revision != (row[1].revision if row[1] is not None else 0):
        raise AlreadyPractised
    kind = type_of(shown.kind)
    response, frozen = kind.clean(shown.spec, response), _frozen(user_id, shown, revision)
    share = kind.grade(shown.spec, response, frozen)
    rating = None if share is None else schedule.rating_of(share)
    review = _log(
        {"user_id": user_id, "question_id": question_id, "number": revision + 1},
        {"version_id": shown.id, "frozen": frozen, "response": response, "share": share, "answered_at": now},
    )
    if rating is not None:
        _settle(review, rating, now)
    return review


def rate(review: PracticeReview, rating: int, *, now: datetime) -> None:
    """Let the author of an answer say how well they remembered; the same again is harmless."""
    if review.rating == rating:
        return
    if review.rating is not None or review.share is not None:
        raise AlreadyPractised
    _settle(review, rating, now)


def find_review(user_id: int, course: Course, review_id: int) -> PracticeReview:
    """Return a review of one's own, with what it showed; raise NotFound."""
    query = (
        select(PracticeReview)
        .join(Question, Question.id == PracticeReview.question_id)
        .options(joinedload(PracticeReview.version))
        .where(PracticeReview.id == review_id, PracticeReview.user_id == user_id, Question.course_id == course.id)
    )
    review = db.session.scalar(query) if review_id < 2**63 else None
    if review is None:
        raise NotFound
    return review


def _require_offered(course: Course) -> None:
    if not course.offers_practice:
        raise NotOffered


def _of(user_id: int, which: ColumnElement[bool]) -> Any:
    is_theirs = (PracticeCard.question_id == Question.id) & (PracticeCard.user_id == user_id)
    return (
        select(QuestionVersion, PracticeCard)
        .select_from(Question)
        .join(QuestionVersion, QuestionVersion.id == Question.current_id)
        .outerjoin(PracticeCard, is_theirs)
        .where(which)
        .execution_options(populate_existing=True)
    )


def _was_wrong(user_id: int) -> ColumnElement[bool]:
    return (
        exists()
        .where(
            Attempt.user_id == user_id,
            Attempt.state == GRADED,
            AttemptItem.attempt_id == Attempt.id,
            AttemptItem.score < AttemptItem.points,
            QuestionVersion.id == AttemptItem.version_id,
            QuestionVersion.question_id == Question.id,
        )
        .correlate(Question)
    )


def _asked(user_id: int, version: QuestionVersion, card: PracticeCard | None) -> Asked:
    revision = card.revision if card is not None else 0
    return Asked(version.question_id, version, revision, _frozen(user_id, version, revision), card is None)


def _frozen(user_id: int, version: QuestionVersion, revision: int) -> dict[str, Any]:
    """Return what is shown: other numbers and another order each time, the same for a page that is loaded again."""
    return draws.freeze(version.kind, version.spec, f"practice:{user_id}:{version.question_id}:{revision}")


def _version(question_id: int, number: int, current: QuestionVersion) -> QuestionVersion:
    """Return the version that was shown, which may be an old one by now."""
    if current.number == number:
        return current
    query = select(QuestionVersion).where(QuestionVersion.question_id == question_id, QuestionVersion.number == number)
    found = db.session.scalar(query)
    if found is None:
        raise NotFound
    return found


def _log(key: dict[str, Any], values: dict[str, Any]) -> PracticeReview:
    """Write a review down. One that still waits for its rating is replaced: its page was left."""
    statement = insert(PracticeReview).values(**key, **values)
    statement = statement.on_conflict_do_update(
        index_elements=list(key), set_=values, where=PracticeReview.rating.is_(None)
    )
    options = {"populate_existing": True}
    review: PracticeReview | None = db.session.scalar(statement.returning(PracticeReview), execution_options=options)
    if review is None:
        raise AlreadyPractised
    return review


def _settle(review: PracticeReview, rating: int, now: datetime) -> None:
    """Move the card by one revision, and write on the review what that was."""
    key = {"user_id": review.user_id, "question_id": review.question_id}
    same = [getattr(PracticeCard, name) == value for name, value in key.items()]
    card = db.session.scalar(select(PracticeCard).where(*same), execution_options={"populate_existing": True})
    before = None
    if card is not None:
        names = schedule.Memory.__dataclass_fields__
        before = schedule.Memory(**{name: getattr(card, name) for name in names})
    memory = schedule.after(before, rating, now)
    values = {**asdict(memory), "revision": review.number}
    if card is None:
        fresh = insert(PracticeCard).values(**key, **values).on_conflict_do_nothing().returning(PracticeCard)
        moved = db.session.scalar(fresh) if review.number == 1 else None
    else:
        moved = changes.one(PracticeCard, *same, PracticeCard.revision == review.number - 1, **values)
    if moved is None:
        raise AlreadyPractised
    review.rating, review.due_at = rating, memory.due_at
    db.session.flush()
