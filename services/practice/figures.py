"""How somebody's practice of a course stands: what is due, what they know, and what they did in the last sitting."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from extensions import db
from models import Course, PracticeCard, PracticeReview, Question
from models.practice import AGAIN, GOOD
from services import audit
from services.practice.pool import may_be_practised

# Reviews with less time between them are one sitting.
PAUSE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
MOST = 200


@dataclass(frozen=True)
class Figures:
    """`due` now, `new` for the person, `learning` (asked again within a day) and `known` of `total` questions."""

    total: int
    due: int
    new: int
    learning: int
    known: int
    next_due_at: datetime | None


@dataclass(frozen=True)
class Sitting:
    """The reviews of a sitting, the newest first; those of one question but the last one are left out of `learnt`."""

    reviews: Sequence[PracticeReview]

    @property
    def right(self) -> int:
        """How many were remembered."""
        return sum(1 for review in self.reviews if (review.rating or AGAIN) >= GOOD)

    @property
    def learnt(self) -> list[PracticeReview]:
        """Return the last review of each question, the newest first."""
        last: dict[int, PracticeReview] = {}
        for review in self.reviews:
            last.setdefault(review.question_id, review)
        return list(last.values())


def of(user_id: int, course: Course, *, now: datetime) -> Figures:
    """Return how somebody's practice stands; one statement beside those of the pool."""
    due_at = PracticeCard.due_at
    query = (
        select(
            func.count(),
            func.count().filter(due_at <= now),
            func.count().filter(PracticeCard.question_id.is_(None)),
            func.count().filter(PracticeCard.state != "review"),
            func.count().filter(PracticeCard.state == "review"),
            func.min(due_at).filter(due_at > now),
        )
        .select_from(Question)
        .outerjoin(PracticeCard, (PracticeCard.question_id == Question.id) & (PracticeCard.user_id == user_id))
        .where(may_be_practised(user_id, course, now))
    )
    return Figures(*db.session.execute(query).one())


def sitting(user_id: int, course: Course, *, now: datetime) -> Sitting:
    """Return the sitting that somebody is in, or has just ended; an empty one where that is longer ago than a pause."""
    query = (
        select(PracticeReview)
        .join(Question, Question.id == PracticeReview.question_id)
        .options(joinedload(PracticeReview.version))
        .where(
            PracticeReview.user_id == user_id,
            PracticeReview.rating.is_not(None),
            PracticeReview.answered_at > now - LONGEST,
            Question.course_id == course.id,
        )
        .order_by(PracticeReview.answered_at.desc(), PracticeReview.id.desc())
        .limit(MOST)
    )
    reviews, until = [], now
    for review in db.session.scalars(query):
        if until - review.answered_at > PAUSE:
            break
        reviews.append(review)
        until = review.answered_at
    return Sitting(reviews)


def offer(course: Course, *, is_offered: bool) -> None:
    """Let a course's people practise, or no longer; what they remember stays."""
    if course.offers_practice != is_offered:
        course.offers_practice = is_offered
        audit.note("practice.offered", course.id, is_offered=is_offered)
        course.version += 1
